"""Let operators find people and act on their accounts; each look and act goes on record with its order."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Protocol
from uuid import UUID

from chalicelib.domain.errors import NotFound
from chalicelib.domain.export import Export, StoredExport
from chalicelib.domain.id_tokens import Provider
from chalicelib.domain.operators import Changed, FoundPerson, OperatorAct, Order, ShownPerson
from chalicelib.services.export import open_account, opened
from chalicelib.services.ports import Clock, DataKey, DataKeys
from chalicelib.services.secrets import Secrets


class OperatorStore(Protocol):
    """People, as operators meet them."""

    def with_email(
        self, indexes: Sequence[bytes], order: Order, *, now: datetime, request_id: str
    ) -> tuple[FoundPerson, ...]:
        """Return the people with an address."""

    def with_subject(
        self, indexes: Sequence[bytes], order: Order, *, now: datetime, request_id: str
    ) -> tuple[FoundPerson, ...]:
        """Return the person that a provider calls so."""

    def show(
        self, user_id: UUID, act: OperatorAct, order: Order, *, now: datetime, request_id: str
    ) -> ShownPerson | None:
        """Return a person."""

    def export(
        self, user_id: UUID, part: int, order: Order, *, now: datetime, request_id: str
    ) -> StoredExport | None:
        """Return one part of what is held about a person."""

    def change(
        self, user_id: UUID, act: OperatorAct, order: Order, *, now: datetime, request_id: str
    ) -> Changed | None:
        """Change a person."""


class OperatorService:
    """What operators do, but for erasing, which is the erasure's. All may raise DependencyUnavailable."""

    def __init__(self, *, store: OperatorStore, secrets: Secrets, keys: DataKeys, clock: Clock) -> None:
        """Take what reads and changes people, and what opens their data when it has to be revealed."""
        self._store = store
        self._secrets = secrets
        self._keys = keys
        self._clock = clock

    def find_by_email(self, address: str, order: Order, request_id: str) -> tuple[FoundPerson, ...]:
        """Return who has this address; one that no provider verified finds nobody."""
        indexes = [index.email(address) for index in self._secrets.indexes()]
        return self._store.with_email(indexes, order, now=self._clock.now(), request_id=request_id)

    def find_by_subject(
        self, provider: Provider, issuer: str, subject: str, order: Order, request_id: str
    ) -> tuple[FoundPerson, ...]:
        """Return who the provider calls so."""
        indexes = [index.subject(provider, issuer, subject) for index in self._secrets.indexes()]
        return self._store.with_subject(indexes, order, now=self._clock.now(), request_id=request_id)

    def show(self, user_id: UUID, order: Order, request_id: str) -> ShownPerson:
        """Return how an account is used, without personal data. Raises NotFound."""
        return self._shown(user_id, OperatorAct.SHOW, order, request_id)

    def reveal(self, user_id: UUID, order: Order, request_id: str) -> ShownPerson:
        """Return the same with the profile, decrypted. Raises NotFound, IntegrityFailure."""
        key = self._key_of(user_id)
        shown = self._shown(user_id, OperatorAct.REVEAL, order, request_id)
        if shown.person.profile is None:  # erased a moment ago
            raise NotFound
        return replace(shown, account=open_account(key, shown.person))

    def export(self, user_id: UUID, part: int, order: Order, request_id: str) -> Export:
        """Return what the person's own export would. Raises NotFound, IntegrityFailure."""
        key, now = self._key_of(user_id), self._clock.now()
        stored = self._store.export(user_id, part, order, now=now, request_id=request_id)
        if stored is None:
            raise NotFound
        return opened(key, stored, part=part, now=now)

    def change(self, user_id: UUID, act: OperatorAct, order: Order, request_id: str) -> Changed:
        """Suspend, reinstate, or end all sessions of a person. Raises NotFound, of an erased one too."""
        changed = self._store.change(user_id, act, order, now=self._clock.now(), request_id=request_id)
        if changed is None:
            raise NotFound
        return changed

    def _shown(self, user_id: UUID, act: OperatorAct, order: Order, request_id: str) -> ShownPerson:
        shown = self._store.show(user_id, act, order, now=self._clock.now(), request_id=request_id)
        if shown is None:
            raise NotFound
        return shown

    def _key_of(self, user_id: UUID) -> DataKey:
        key = self._keys.get(user_id)
        if key is None:
            raise NotFound
        return key
