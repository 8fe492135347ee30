"""Sessions after sign-in: rotate, list, end. Each function checks whoever acts (sql/sessions.sql)."""

from datetime import datetime, timedelta
from uuid import UUID

from chalicelib.domain.dpop import Proof
from chalicelib.domain.limits import Taken, Taking
from chalicelib.domain.sessions import OwnSession, Rotated, Rotation, Session
from chalicelib.domain.tokens import PRESENCE_LASTS, RefreshToken
from chalicelib.postgres.calls import Call, Row
from chalicelib.stores import limits
from chalicelib.stores.consent_rows import StateJson
from chalicelib.stores.database import Database
from chalicelib.stores.limits import PlaceParameters
from chalicelib.stores.proofs import ProofParameters, used
from chalicelib.stores.session_rows import OwnRow, SessionRow, read_own, read_session


class RotatedRow(Row):
    """What came of a refresh token."""

    outcome: str
    own: SessionRow | None
    states: list[StateJson] | None
    place_is_taken: bool | None
    place_arrives_at: datetime | None


class RotateSession(Call[RotatedRow], function="rotate_session"):
    p_session_id: UUID
    p_generation: int
    p_jkt: str | None
    p_idle_expires_at: datetime
    p_grace: timedelta
    p_presence_lasts: timedelta
    p_locale: str
    proof: ProofParameters
    place: PlaceParameters
    p_now: datetime
    p_request_id: str


class FindSession(Call[OwnRow], function="find_session"):
    p_session_id: UUID
    p_locale: str
    proof: ProofParameters
    p_now: datetime


class CheckedRow(Row):
    """A session in any state, and what came of the place of its request."""

    own: SessionRow | None
    place_is_taken: bool | None
    place_arrives_at: datetime | None


class CheckSession(Call[CheckedRow], function="check_session"):
    p_session_id: UUID
    proof: ProofParameters
    place: PlaceParameters
    p_now: datetime


class ListSessions(Call[SessionRow], function="list_sessions"):
    p_session_id: UUID
    proof: ProofParameters
    p_now: datetime


class EndedRow(Row):
    """How many sessions ended."""

    ended: int


class EndSession(Call[EndedRow], function="end_session"):
    p_session_id: UUID
    proof: ProofParameters
    p_now: datetime
    p_request_id: str


class EndAllSessions(Call[EndedRow], function="end_all_sessions"):
    p_session_id: UUID
    proof: ProofParameters
    p_now: datetime
    p_request_id: str


class EndedOwnRow(Row):
    """The acting session, and whether the other is its person's."""

    own: SessionRow | None
    is_known: bool


class EndOwnSession(Call[EndedOwnRow], function="end_own_session"):
    p_session_id: UUID
    p_target_id: UUID
    proof: ProofParameters
    p_now: datetime
    p_request_id: str


class EndOtherSessions(Call[SessionRow], function="end_other_sessions"):
    p_session_id: UUID
    proof: ProofParameters
    p_now: datetime
    p_request_id: str


class SessionStore:
    """What refreshing, listing and ending sessions reads and writes."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def rotate(
        self,
        token: RefreshToken,
        *,
        proof: Proof | None,
        idle_expires_at: datetime,
        grace: timedelta,
        locale: str,
        place: Taking | None,
        now: datetime,
        request_id: str,
    ) -> Rotation:
        """Advance a live session that stands at this generation and key, or say what the token is instead."""
        row = self._database.one(
            RotateSession(
                p_session_id=token.session_id,
                p_generation=token.generation,
                p_jkt=token.jkt,
                p_idle_expires_at=idle_expires_at,
                p_grace=grace,
                p_presence_lasts=PRESENCE_LASTS,
                p_locale=locale,
                proof=used(proof),
                place=limits.place(place),
                p_now=now,
                p_request_id=request_id,
            )
        )
        return Rotation(
            outcome=Rotated(row.outcome),
            own=read_own(row.own, row.states) if row.own else None,
            taken=limits.read_place(row.place_is_taken, row.place_arrives_at),
        )

    def find(
        self, session_id: UUID, *, locale: str, now: datetime, proof: Proof | None = None
    ) -> OwnSession | None:
        """Return a session in any state, with its person and where they stand on the documents."""
        row = self._database.one(
            FindSession(p_session_id=session_id, p_locale=locale, proof=used(proof), p_now=now)
        )
        return read_own(row.own, row.states) if row.own else None

    def check(
        self, session_id: UUID, *, proof: Proof | None, place: Taking | None, now: datetime
    ) -> tuple[Session | None, Taken | None]:
        """Return the session that asks, in any state, and what came of its place."""
        row = self._database.one(
            CheckSession(p_session_id=session_id, proof=used(proof), place=limits.place(place), p_now=now)
        )
        taken = limits.read_place(row.place_is_taken, row.place_arrives_at)
        return read_session(row.own) if row.own else None, taken

    def end(self, session_id: UUID, *, now: datetime, request_id: str, proof: Proof | None = None) -> None:
        """End a session by a logout, if it has not ended; one record whatever happens twice."""
        self._database.one(
            EndSession(p_session_id=session_id, proof=used(proof), p_now=now, p_request_id=request_id)
        )

    def end_all(self, session_id: UUID, *, proof: Proof | None, now: datetime, request_id: str) -> None:
        """End every session of the person whose session this is."""
        self._database.one(
            EndAllSessions(p_session_id=session_id, proof=used(proof), p_now=now, p_request_id=request_id)
        )

    def live_beside(self, session_id: UUID, *, proof: Proof | None, now: datetime) -> tuple[Session, ...]:
        """Return the live sessions of this one's person, and this one in any state; last used first."""
        rows = self._database.all(ListSessions(p_session_id=session_id, proof=used(proof), p_now=now))
        return tuple(read_session(row) for row in rows)

    def end_one(
        self, session_id: UUID, target_id: UUID, *, proof: Proof | None, now: datetime, request_id: str
    ) -> tuple[Session | None, bool]:
        """End a session of the same person, if the acting one is live; tell whether there was one."""
        row = self._database.one(
            EndOwnSession(
                p_session_id=session_id,
                p_target_id=target_id,
                proof=used(proof),
                p_now=now,
                p_request_id=request_id,
            )
        )
        return read_session(row.own) if row.own else None, row.is_known

    def end_others(
        self, session_id: UUID, *, proof: Proof | None, now: datetime, request_id: str
    ) -> Session | None:
        """End all other sessions of the person, if the acting one is live; return the acting one."""
        rows = self._database.all(
            EndOtherSessions(p_session_id=session_id, proof=used(proof), p_now=now, p_request_id=request_id)
        )
        return read_session(rows[0]) if rows else None
