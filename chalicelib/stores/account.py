"""A person's own account: read and changed (sql/account.sql)."""

from datetime import datetime
from uuid import UUID

from chalicelib.domain.account import ChosenData, RenewedData, StoredPerson
from chalicelib.domain.dpop import Proof
from chalicelib.domain.sessions import Session
from chalicelib.postgres.calls import Call, Row
from chalicelib.stores import limits
from chalicelib.stores.database import Database
from chalicelib.stores.personal_data import RenewSessionCopy, renewing
from chalicelib.stores.proofs import used
from chalicelib.stores.session_rows import SessionRow, read_person, read_session
from chalicelib.stores.sessions import CheckSession


class ChosenRow(Row):
    """Whether the choice was replaced, and the session with its person as they are now."""

    is_chosen: bool
    own: SessionRow | None


class Choose(Call[ChosenRow], function="choose"):
    p_session_id: UUID
    p_chosen_before: bytes | None
    p_chosen: bytes | None
    p_changed: str
    p_now: datetime
    p_request_id: str


class ErasedRow(Row):
    """Whether a person is erased."""

    is_erased: bool


class FindErased(Call[ErasedRow], function="find_erased"):
    p_user_id: UUID


class AccountStore:
    """What reading and changing a person needs."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def read(
        self, session_id: UUID, *, proof: Proof | None, now: datetime
    ) -> tuple[Session, StoredPerson] | None:
        """Return a session in any state, with its person."""
        row = self._database.one(
            CheckSession(p_session_id=session_id, proof=used(proof), place=limits.place(None), p_now=now)
        )
        return _read(row.own)

    def renew(self, data: RenewedData, *, now: datetime, request_id: str) -> None:
        """Replace what is sealed of an active person, and index it: profile, device, the session's copy.

        Does nothing to whom a newer index key has indexed: the next sign-in notices again.
        """
        self._database.one(renewing(data, now, request_id))

    def choose(
        self, session_id: UUID, data: ChosenData, *, now: datetime, request_id: str
    ) -> tuple[bool, tuple[Session, StoredPerson] | None]:
        """Replace what a live session's person chose; False when it ended or they chose again meanwhile.

        The session comes with its person as they are now.
        """
        row = self._database.one(
            Choose(
                p_session_id=session_id,
                p_chosen_before=data.before,
                p_chosen=data.sealed,
                p_changed=data.changed,
                p_now=now,
                p_request_id=request_id,
            )
        )
        return row.is_chosen, _read(row.own)

    def renew_session_copy(self, session_id: UUID, profile: bytes, copy_digest: bytes) -> None:
        """Replace a session's own copy of the profile with a current one."""
        self._database.one(
            RenewSessionCopy(p_session_id=session_id, p_session_profile=profile, p_copy_digest=copy_digest)
        )

    def is_erased(self, user_id: UUID) -> bool:
        """Return whether a person is erased by now, whatever was read of them a moment ago."""
        return self._database.one(FindErased(p_user_id=user_id)).is_erased


def _read(row: SessionRow | None) -> tuple[Session, StoredPerson] | None:
    return (read_session(row), read_person(row)) if row else None
