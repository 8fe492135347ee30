"""A person's row, changed."""

from datetime import datetime
from uuid import UUID

from chalicelib.domain.account import ChosenData, RenewedData, UserStatus
from chalicelib.stores.database import Database
from chalicelib.stores.described import described
from chalicelib.stores.personal_data import RenewSessionCopy, renewing

statements = described("account_statements")


class AccountStore:
    """What changing a person reads and writes."""

    def __init__(self, database: Database) -> None:
        """Take the database."""
        self._database = database

    def renew(self, data: RenewedData, *, now: datetime, request_id: str) -> None:
        """Replace what is sealed of an active person, and index it: profile, device, the session's copy.

        Does nothing to whom a newer index key has indexed: the next sign-in notices again.
        """
        self._database.one(renewing(data, now, request_id))

    def choose(self, session_id: UUID, data: ChosenData, *, now: datetime, request_id: str) -> bool:
        """Replace what a live session's person chose; False when it ended or they chose again meanwhile."""
        parameters = {
            "p_session_id": session_id,
            "p_chosen_before": data.before,
            "p_chosen": data.sealed,
            "p_changed": data.changed,
            "p_now": now,
            "p_request_id": request_id,
        }
        return self._database.row(statements.CHOOSE, parameters) is not None

    def renew_session_copy(self, session_id: UUID, profile: bytes, copy_digest: bytes) -> None:
        """Replace a session's own copy of the profile with a current one."""
        self._database.one(
            RenewSessionCopy(p_session_id=session_id, p_session_profile=profile, p_copy_digest=copy_digest)
        )

    def is_erased(self, user_id: UUID) -> bool:
        """Tell whether a person is erased by now, whatever was read of them a moment ago."""
        row = self._database.row(statements.STATUS, {"p_user_id": user_id})
        return row is None or row.status is UserStatus.ERASED
