"""Act on what a provider tells of an account at its side."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from chalicelib.domain.errors import Fault, InvalidIdToken, InvalidInput, NotFound
from chalicelib.domain.id_tokens import Provider
from chalicelib.domain.notices import Consequence, ProviderNotice
from chalicelib.observation import log
from chalicelib.services.ports import Act, Clock
from chalicelib.services.secrets import Secrets


class NoticeVerifier(Protocol):
    """A provider's notices."""

    def verify(self, payload: str, now: datetime) -> ProviderNotice:
        """Return what the provider tells, or raise InvalidIdToken or SecurityEventRefused."""


class NoticeStore(Protocol):
    """What notices change, as rows."""

    def act(
        self,
        notice: ProviderNotice,
        consequence: Consequence,
        *,
        subject_indexes: Sequence[bytes],
        now: datetime,
        request_id: str,
    ) -> None:
        """Do what follows from a notice, once."""


class NoticeService:
    """Notices."""

    def __init__(
        self,
        *,
        verifiers: Mapping[Provider, NoticeVerifier],
        store: NoticeStore,
        secrets: Secrets,
        clock: Clock,
    ) -> None:
        """Take what verifies and what changes."""
        self._verifiers = verifiers
        self._store = store
        self._secrets = secrets
        self._clock = clock

    def receive(self, provider: Provider, payload: str, act: Act) -> None:
        """Do what follows from a notice; of somebody unknown, or of an unknown kind, nothing does.

        Raises:
            InvalidInput, SecurityEventRefused: it isn't the provider's, not about people of ours, or too old.
            NotFound: nobody signs in with this provider here.
        """
        if provider not in self._verifiers:
            raise NotFound
        now = self._clock.now()
        try:
            notice = self._verifiers[provider].verify(payload, now)
        except InvalidIdToken as error:
            raise InvalidInput(faults=(Fault(pointer="/payload", code="pattern"),)) from error
        log.event("provider_notice", provider=provider, notice=notice.kind, request_id=act.request_id)
        if notice.consequence is None or notice.subject is None:
            return
        subject = (notice.provider, notice.issuer, notice.subject)
        indexes = [index.subject(*subject) for index in self._secrets.indexes()]
        self._store.act(
            notice, notice.consequence, subject_indexes=indexes, now=now, request_id=act.request_id
        )
