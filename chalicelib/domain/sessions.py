"""Sessions and the rule of rotation: which refresh token is the next one, a retry, or a theft."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import assert_never
from uuid import UUID

from chalicelib.domain.account import StoredPerson, UserStatus
from chalicelib.domain.consents import ConsentState
from chalicelib.domain.devices import StoredDevice
from chalicelib.domain.errors import (
    AccountSuspended,
    InvalidAccessToken,
    RefreshTokenExpired,
    RefreshTokenInvalid,
    SessionRevoked,
)
from chalicelib.domain.limits import Taken
from chalicelib.domain.tokens import AccessClaims, RefreshToken

REFRESH_GRACE = timedelta(seconds=30)  # lost-response retry window (O8); softens RFC 9700 s4.14.2
SESSION_IDLE = timedelta(days=7)  # ASVS 7.3.1; why so long: decision 0013
SESSION_ABSOLUTE = timedelta(days=30)  # ASVS 7.3.2, 10.4.8


class SessionEnd(StrEnum):
    """Why a session ended."""

    ERASED = "erased"
    LOGOUT = "logout"
    LOGOUT_ALL = "logout_all"
    REPLACED = "replaced"
    RESTORED = "restored"
    REUSE = "reuse"
    REVOKED = "revoked"
    SUSPENDED = "suspended"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lifetimes:
    """How long things live; settings, each with its default and reason above."""

    access_token: timedelta
    refresh_grace: timedelta
    idle: timedelta
    absolute: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A session as it is stored, and the person's standing read in the same statement."""

    id: UUID
    user_id: UUID
    user_status: UserStatus
    user_created_at: datetime
    client_id: str
    generation: int
    acr: str
    amr: tuple[str, ...]
    auth_time: datetime
    created_at: datetime
    rotated_at: datetime
    idle_expires_at: datetime
    expires_at: datetime
    ended_at: datetime | None
    end_reason: SessionEnd | None
    device: StoredDevice
    jkt: str | None
    profile: bytes | None = field(repr=False)
    profile_digest: bytes | None = field(repr=False)

    @property
    def is_of_new_device(self) -> bool:
        """Tell whether the device was first seen with it; that of the account's own beginning isn't news."""
        return self.device.first_seen_at == self.created_at != self.user_created_at

    def expired(self, now: datetime) -> bool:
        """Tell whether it was idle, or lasted, longer than it may."""
        return now >= self.idle_expires_at or now >= self.expires_at

    def ensure_live(self, now: datetime) -> None:
        """Let a bearer through.

        Raises:
            AccountSuspended: the person may not act now.
            SessionRevoked: it ended or expired, or the person was erased.
        """
        ensure_may_act(self.user_status)
        if self.ended_at is not None or self.expired(now):
            raise SessionRevoked


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnSession:
    """A session with its person and where they stand on the documents, all of one moment."""

    session: Session
    person: StoredPerson
    states: tuple[ConsentState, ...]


def owned(claims: AccessClaims, session: Session | None, now: datetime) -> Session:
    """Return the session of a bearer, if it is live and theirs; all that serves a bearer asks this.

    Raises:
        SessionRevoked: it ended, expired, or is gone, as after a restored backup.
        AccountSuspended: the person may not act now.
        InvalidAccessToken: it is another person's.
    """
    if session is None:
        raise SessionRevoked
    if session.user_id != claims.user_id:
        raise InvalidAccessToken
    session.ensure_live(now)
    return session


def own_session(claims: AccessClaims, own: OwnSession | None, now: datetime) -> OwnSession:
    """Return a bearer's session with its person; raises as `owned`."""
    owned(claims, own.session if own else None, now)
    if own is None:
        raise SessionRevoked
    return own


class Rotated(StrEnum):
    """What a genuine refresh token turned out to be."""

    ROTATED = "rotated"
    RETRIED = "retried"
    REUSED = "reused"
    REVOKED = "revoked"
    SUSPENDED = "suspended"
    EXPIRED = "expired"
    WRONG_KEY = "wrong_key"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rotation:
    """What came of a refresh token: a session if it was rotated or retried, `taken` if it was refused."""

    outcome: Rotated
    own: OwnSession | None
    taken: Taken | None


class Presented(StrEnum):
    """What a refresh token turned out to be when it was not the newest one of a live session."""

    RETRY = "retry"
    REUSE = "reuse"


def judge_presented(
    session: Session | None, token: RefreshToken, grace: timedelta, now: datetime
) -> Presented:
    """Return what a genuine refresh token is that the rotation did not accept.

    Only the immediate predecessor can be a retry: while the stored generation is still its successor's, that
    successor was never used. The window opens at the rotation; a clock that jumped back does not close it.

    Raises:
        AccountSuspended: the person may not act now.
        SessionRevoked: the session was ended; or is gone, with its person or in a restore.
        RefreshTokenExpired: the session was idle, or lasted, too long.
        RefreshTokenInvalid: it isn't bound as its session is; that ends nothing (RFC 9449 s5).
    """
    if session is None:
        raise SessionRevoked
    if session.jkt != token.jkt:
        raise RefreshTokenInvalid
    ensure_may_act(session.user_status)
    if session.ended_at is not None:
        raise SessionRevoked
    if session.expired(now):
        raise RefreshTokenExpired
    is_predecessor = token.generation == session.generation - 1
    return Presented.RETRY if is_predecessor and now - session.rotated_at <= grace else Presented.REUSE


def ensure_may_act(status: UserStatus) -> None:
    """Let an active person through; a suspended one is told, an erased one was never here.

    Raises:
        AccountSuspended: suspended.
        SessionRevoked: erased.
    """
    match status:
        case UserStatus.ACTIVE:
            return
        case UserStatus.SUSPENDED:
            raise AccountSuspended
        case UserStatus.ERASED:
            raise SessionRevoked
        case _:
            assert_never(status)
