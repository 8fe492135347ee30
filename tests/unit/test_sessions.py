"""The rule of rotation and the life of a session, as pure functions (O8)."""

from datetime import datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.account import UserStatus
from chalicelib.domain.devices import StoredDevice
from chalicelib.domain.errors import (
    AccountSuspended,
    RefreshTokenExpired,
    RefreshTokenInvalid,
    ServiceError,
    SessionRevoked,
)
from chalicelib.domain.id_tokens import Platform
from chalicelib.domain.sessions import (
    REFRESH_GRACE,
    SESSION_ABSOLUTE,
    SESSION_IDLE,
    Presented,
    Session,
    SessionEnd,
    judge_presented,
)
from chalicelib.domain.tokens import RefreshToken
from tests.fakes import START

SECOND = timedelta(seconds=1)


def session(
    generation: int = 5,
    status: UserStatus = UserStatus.ACTIVE,
    ended_at: datetime | None = None,
    jkt: str | None = None,
) -> Session:
    return Session(
        id=UUID(int=1),
        user_id=UUID(int=2),
        user_status=status,
        user_created_at=START,
        client_id="client",
        generation=generation,
        acr="aal1",
        amr=("fed",),
        auth_time=START,
        created_at=START,
        rotated_at=START,
        idle_expires_at=START + SESSION_IDLE,
        expires_at=START + SESSION_ABSOLUTE,
        ended_at=ended_at,
        end_reason=SessionEnd.LOGOUT if ended_at else None,
        device=StoredDevice(
            id=UUID(int=3),
            platform=Platform.ios,
            description=None,
            description_digest=None,
            first_seen_at=START,
        ),
        jkt=jkt,
        profile=None,
        profile_digest=None,
    )


def token(generation: int, jkt: str | None = None) -> RefreshToken:
    return RefreshToken(session_id=UUID(int=1), seed=b"seed of 16 bytes", generation=generation, jkt=jkt)


@given(st.integers(0, 10), st.integers(0, 10), st.timedeltas(timedelta(minutes=-10), timedelta(minutes=10)))
def test_only_the_immediate_predecessor_inside_the_window_is_a_retry(
    stored: int, presented: int, later: timedelta
) -> None:
    judged = judge_presented(session(stored), token(presented), REFRESH_GRACE, START + later)
    is_retry = presented == stored - 1 and later <= REFRESH_GRACE  # F-16: also while the clock is behind
    assert judged is (Presented.RETRY if is_retry else Presented.REUSE)


@pytest.mark.parametrize(
    ("known", "later", "error"),
    [
        (None, timedelta(0), SessionRevoked),
        (session(status=UserStatus.SUSPENDED), timedelta(0), AccountSuspended),
        (session(status=UserStatus.SUSPENDED, ended_at=START), SESSION_ABSOLUTE, AccountSuspended),
        (session(status=UserStatus.ERASED), timedelta(0), SessionRevoked),
        (session(ended_at=START), timedelta(0), SessionRevoked),
        (session(ended_at=START), SESSION_ABSOLUTE, SessionRevoked),
        (session(), SESSION_IDLE, RefreshTokenExpired),
        (session(), SESSION_ABSOLUTE, RefreshTokenExpired),
    ],
)
def test_what_is_told_of_a_session_that_gives_no_tokens(
    known: Session | None, later: timedelta, error: type[ServiceError]
) -> None:
    for generation in (4, 5, 6):
        with pytest.raises(error):
            judge_presented(known, token(generation), REFRESH_GRACE, START + later)


@pytest.mark.parametrize(("stored", "presented"), [("a", None), (None, "a"), ("a", "b")])
def test_a_token_bound_unlike_its_session_is_neither_a_retry_nor_a_reuse(
    stored: str | None, presented: str | None
) -> None:
    for generation in (3, 4, 5, 6):  # D14: nothing of a session happens without its key
        with pytest.raises(RefreshTokenInvalid):
            judge_presented(session(jkt=stored), token(generation, presented), REFRESH_GRACE, START)


def test_a_bearer_is_let_through_until_the_session_expires() -> None:
    session().ensure_live(START + SESSION_IDLE - SECOND)
    with pytest.raises(SessionRevoked):
        session().ensure_live(START + SESSION_IDLE)


@pytest.mark.parametrize(
    ("known", "error"),
    [
        (session(ended_at=START), SessionRevoked),
        (session(status=UserStatus.ERASED), SessionRevoked),
        (session(status=UserStatus.SUSPENDED), AccountSuspended),
    ],
)
def test_a_bearer_of_a_dead_session_is_refused(known: Session, error: type[ServiceError]) -> None:
    with pytest.raises(error):
        known.ensure_live(START)
