"""What follows from a provider's notice; repeated, nothing does (sql/provider_events.sql)."""

from collections.abc import Sequence
from datetime import datetime

from chalicelib.domain.notices import Consequence, ProviderNotice
from chalicelib.postgres.calls import Call, Row
from chalicelib.stores.database import Database


class TakenEventRow(Row):
    """What came of an event."""

    outcome: str


class TakeProviderEvent(Call[TakenEventRow], function="take_provider_event"):
    p_provider: str
    p_subject_indexes: list[bytes]
    p_id_hash: bytes
    p_event_expires_at: datetime
    p_kind: str
    p_consequence: str
    p_now: datetime
    p_request_id: str


class NoticeStore:
    """What notices change."""

    def __init__(self, database: Database) -> None:
        """Take the database."""
        self._database = database

    def act(
        self,
        notice: ProviderNotice,
        consequence: Consequence,
        *,
        subject_indexes: Sequence[bytes],
        now: datetime,
        request_id: str,
    ) -> None:
        """Do what follows from a notice, the first time that it comes, for whom it is about."""
        self._database.one(
            TakeProviderEvent(
                p_provider=notice.provider,
                p_subject_indexes=list(subject_indexes),
                p_id_hash=notice.id_hash,
                p_event_expires_at=notice.expires_at,
                p_kind=notice.kind,
                p_consequence=consequence.value,
                p_now=now,
                p_request_id=request_id,
            )
        )
