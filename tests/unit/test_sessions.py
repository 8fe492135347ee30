"""The life of a session, as pure functions (contract 3)."""

from datetime import datetime, timedelta
from uuid import UUID

import pytest

from chalicelib.domain.account import UserStatus
from chalicelib.domain.devices import StoredDevice
from chalicelib.domain.errors import (
    AccountSuspended,
    ServiceError,
    SessionRevoked,
)
from chalicelib.domain.id_tokens import Platform
from chalicelib.domain.sessions import (
    SESSION_ABSOLUTE,
    SESSION_IDLE,
    Session,
    SessionEnd,
)
from tests.fakes import START

SECOND = timedelta(seconds=1)


def session(status: UserStatus = UserStatus.ACTIVE, ended_at: datetime | None = None) -> Session:
    return Session(
        id=UUID(int=1),
        user_id=UUID(int=2),
        user_status=status,
        user_created_at=START,
        client_id="client",
        generation=5,
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
        jkt=None,
        profile=None,
        profile_digest=None,
    )


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
