"""What follows from a provider's notice; repeated, nothing does."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from chalicelib.domain.notices import Consequence, ProviderNotice
from chalicelib.stores.database import Database
from chalicelib.stores.described import Statement, described

sign_in_statements = described("sign_in_statements")
statements = described("notice_statements")
STATEMENTS: Mapping[Consequence, Statement] = {
    Consequence.END_SESSIONS: statements.END_SESSIONS,
    Consequence.END_AND_UNLINK: statements.END_AND_UNLINK,
    Consequence.SUSPEND: statements.SUSPEND,
    Consequence.REINSTATE: statements.REINSTATE,
}


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
        parameters = {
            "p_provider": notice.provider,
            "p_subject_indexes": list(subject_indexes),
            "p_id_hash": notice.id_hash,
            "p_notice_expires_at": notice.expires_at,
            "p_kind": notice.kind,
            "p_now": now,
            "p_request_id": request_id,
        }
        self._database.row_behind(sign_in_statements.LOCK_PERSON, STATEMENTS[consequence], parameters)
