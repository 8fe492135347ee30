"""Index people anew who don't sign in by themselves, so that an older index key can be retired.

What was indexed stands in the sealed data as well: the subject, the address, the device's id. Each is opened
with the person's own key, compared with its index, and indexed anew. Repeated, it finds its own work done.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Protocol
from uuid import UUID

from chalicelib.domain.account import copy_digest
from chalicelib.domain.audit import AuditKind
from chalicelib.domain.errors import DependencyUnavailable, IntegrityFailure
from chalicelib.domain.id_tokens import Provider
from chalicelib.domain.key_life import ReindexProgress
from chalicelib.domain.personal_data import Field
from chalicelib.domain.reindexing import IndexCount, IndexedDevice, IndexedIdentity, IndexedPerson
from chalicelib.observation.log import warn
from chalicelib.services.key_life_ports import KeyActs
from chalicelib.services.opening import open_device, open_profile
from chalicelib.services.ports import Clock, DataKey, DataKeys
from chalicelib.services.secrets import Indexing, Secrets

PAGE_ITEMS = 100
PAGES_MAX = 10  # of one run: 1000 calls of KMS and the vault at some 20 ms, within a function's minute
BEGINNING = UUID(int=0)


class ReindexStore(Protocol):
    """People, as far as they are indexed."""

    def page(self, after: UUID, limit: int, version: int) -> tuple[IndexedPerson, ...]:
        """Return the next people."""

    def move_person(self, values: Mapping[str, Any]) -> bool:
        """Replace a digest."""

    def move_identity(self, values: Mapping[str, Any]) -> bool:
        """Replace the indexes of an identity."""

    def move_device(self, values: Mapping[str, Any]) -> bool:
        """Replace those of a device."""

    def counts(self) -> tuple[IndexCount, ...]:
        """Count by version."""


class Reindex:
    """Walks through all people, by id."""

    def __init__(
        self,
        *,
        store: ReindexStore,
        keys: DataKeys,
        secrets: Secrets,
        acts: KeyActs,
        issuers: Mapping[Provider, str],
        clock: Clock,
        page_items: int = PAGE_ITEMS,
        pages_max: int = PAGES_MAX,
    ) -> None:
        """Index with the version that writes; `issuers` are what providers call themselves."""
        self._store = store
        self._keys = keys
        self._secrets = secrets
        self._acts = acts
        self._issuers = issuers
        self._clock = clock
        self._page_items = page_items
        self._pages_max = pages_max

    def run(self, progress: ReindexProgress, request_id: str) -> ReindexProgress:
        """Go on from a progress and return the next; an outage ends the run at the last whole page."""
        indexing = self._secrets.indexing()
        for _ in range(self._pages_max):
            after = UUID(progress.after) if progress.after else BEGINNING
            try:
                page = self._store.page(after, self._page_items, indexing.version)
                progress = self._reindexed(page, progress, indexing, request_id)
            except DependencyUnavailable:
                warn("reindex_interrupted")
                return replace(progress, is_interrupted=True)
            if len(page) < self._page_items:
                return replace(progress, is_done=True)
        return progress

    def _reindexed(
        self,
        page: tuple[IndexedPerson, ...],
        progress: ReindexProgress,
        indexing: Indexing,
        request_id: str,
    ) -> ReindexProgress:
        due = [person for person in page if person.is_behind(indexing.version)]
        if due:
            details = {"version": indexing.version, "count": len(due)}
            now = self._clock.now()
            self._acts.record(AuditKind.KEYS_REINDEXED, details, now=now, request_id=request_id)
        done = [self._move(person, indexing) for person in due]
        return replace(
            progress,
            after=str(page[-1].person.id) if page else progress.after,
            seen=progress.seen + len(page),
            moved=progress.moved + done.count(True),
            damaged=progress.damaged + done.count(None),
        )

    def _move(self, behind: IndexedPerson, indexing: Indexing) -> bool | None:
        """Return whether anything moved; None when what is sealed doesn't open, or isn't what was indexed."""
        try:
            key = self._key_of(behind.person.id)
            moved = [self._move_person(key, behind, indexing)]
            moved += [self._move_identity(key, behind, each, indexing) for each in behind.identities]
            moved += [self._move_device(key, each, indexing) for each in behind.devices]
        except IntegrityFailure:
            warn("reindex_damaged", user_id=str(behind.person.id))
            return None
        return any(moved)

    def _key_of(self, user_id: UUID) -> DataKey:
        key = self._keys.get(user_id)
        if key is None:
            raise IntegrityFailure
        return key

    def _move_person(self, key: DataKey, behind: IndexedPerson, indexing: Indexing) -> bool:
        person, before = behind.person, behind.person.profile_digest
        if behind.index_version >= indexing.version or before is None:
            return False
        digest = indexing.writes.digest("profile", open_profile(key, person).to_bytes())
        return self._store.move_person(
            {
                "user_id": person.id,
                "index_version": indexing.version,
                "chosen": person.chosen,
                "digest_before": before,
                "digest": digest,
                "copy_before": copy_digest(before, person.chosen),
                "copy": copy_digest(digest, person.chosen),
            }
        )

    def _move_identity(
        self, key: DataKey, behind: IndexedPerson, identity: IndexedIdentity, indexing: Indexing
    ) -> bool:
        address = Field.IDENTITY_SUBJECT.at(identity.id, key.version)
        subject = key.open_sealed(address, identity.subject).decode()
        named = (identity.provider, self._issuers[identity.provider], subject)
        indexes = tuple(index.subject(*named) for index in indexing.finds)
        _ensure_ours(identity.subject_index, indexes)
        return self._store.move_identity(
            {
                "identity_id": identity.id,
                "index_version": indexing.version,
                "subject_index": indexes[0],
                "email_before": identity.email_index,
                "email_index": self._email_index(key, behind, identity, indexing),
            }
        )

    def _email_index(
        self, key: DataKey, behind: IndexedPerson, identity: IndexedIdentity, indexing: Indexing
    ) -> bytes | None:
        """Return the address's new index; None for one that isn't the profile's: a sign-in tells it again."""
        email = open_profile(key, behind.person).verified_email
        indexes = tuple(index.email(email) for index in indexing.finds) if email else ()
        return indexes[0] if identity.email_index in indexes else None

    def _move_device(self, key: DataKey, device: IndexedDevice, indexing: Indexing) -> bool:
        said = open_device(key, device.stored)
        if said is None:
            return False  # never described: it moves when it is seen again, or goes with its last session
        indexes = tuple(index.device(said.id) for index in indexing.finds)
        _ensure_ours(device.device_index, indexes)
        return self._store.move_device(
            {
                "device_id": device.stored.id,
                "index_version": indexing.version,
                "device_index": indexes[0],
                "digest_before": device.stored.description_digest,
                "digest": indexing.writes.digest("device", said.to_bytes()),
            }
        )


def _ensure_ours(index: bytes, computed: tuple[bytes, ...]) -> None:
    """Let only what was indexed be indexed anew: else nobody finds it. Raises IntegrityFailure."""
    if index not in computed:
        raise IntegrityFailure
