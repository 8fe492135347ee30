"""Keep people signed in, and sign them out: refresh, logout, list, end."""

from dataclasses import dataclass
from typing import Any, assert_never
from uuid import UUID

from chalicelib.domain.devices import Device
from chalicelib.domain.dpop import OfferedToken, Proof
from chalicelib.domain.errors import (
    AccountSuspended,
    NotFound,
    RefreshTokenExpired,
    RefreshTokenInvalid,
    RefreshTokenReused,
    SessionRevoked,
)
from chalicelib.domain.limits import REFRESH_FAILURES_BY_SESSION
from chalicelib.domain.sessions import (
    Lifetimes,
    OwnSession,
    Rotated,
    Rotation,
    Session,
    SessionEnd,
    owned,
)
from chalicelib.domain.sign_in import SignedIn
from chalicelib.domain.tokens import AccessClaims
from chalicelib.services.grants import Grants
from chalicelib.services.limits import Limits
from chalicelib.services.personal_data import PersonalData
from chalicelib.services.ports import Act, Clock
from chalicelib.services.proofs import Proofs
from chalicelib.services.secrets import Secrets
from chalicelib.services.store_ports import SessionStore
from chalicelib.services.tokens import AccessTokens


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedSession:
    """A live session as its person sees it; the device is None while the keys are away."""

    session: Session
    device: Device | None
    current: bool


class SessionService:
    """Sessions after sign-in."""

    def __init__(  # noqa: PLR0913 - nine parts, each by its name
        self,
        *,
        store: SessionStore,
        secrets: Secrets,
        tokens: AccessTokens[Any],
        proofs: Proofs,
        personal_data: PersonalData,
        grants: Grants,
        limits: Limits,
        lifetimes: Lifetimes,
        clock: Clock,
    ) -> None:
        """Take all that keeping a session touches."""
        self._store = store
        self._secrets = secrets
        self._tokens = tokens
        self._proofs = proofs
        self._personal_data = personal_data
        self._grants = grants
        self._limits = limits
        self._lifetimes = lifetimes
        self._clock = clock

    def refresh(self, text: str, proof: Proof | None, act: Act) -> SignedIn:
        """Return the next tokens of a session, the same ones again for a lost answer's retry.

        Without the key of a bound session nothing happens to it, whichever of its tokens came (RFC 9449 s5).

        Raises:
            RefreshTokenInvalid, RefreshTokenExpired, SessionRevoked, AccountSuspended: which it says.
            InvalidDpopProof: it is bound to a key, and no fresh proof of one came.
            RefreshTokenReused: it was rotated before; the session has ended, whoever holds its tokens.
            RateLimited: a session that is over, once more.
        """
        token = self._secrets.read_refresh_token(text)
        place = self._limits.taking(REFRESH_FAILURES_BY_SESSION, str(token.session_id))
        now = self._clock.now()
        rotation = self._store.rotate(
            token,
            proof=self._proofs.refresh(token.jkt, proof),
            idle_expires_at=now + self._lifetimes.idle,
            grace=self._lifetimes.refresh_grace,
            locale=act.locale,
            place=place,
            now=now,
            request_id=act.request_id,
        )
        self._limits.settle(place, rotation.taken)
        own = _kept(rotation)
        copy = self._personal_data.copy_of(own, seed=token.seed)
        return self._grants.grant(own, token=token.successor(), copy=copy)

    def logout(
        self,
        *,
        refresh_token: str | None,
        access_token: OfferedToken | None,
        proof: Proof | None,
        all_devices: bool,
        act: Act,
    ) -> None:
        """End the session of a token, or all of its person's; an unknown one ends none (decision 0012).

        Raises:
            InvalidAccessToken: nothing else came than an access token that is not ours; an old one will do.
            InvalidDpopProof: the token is bound to a key, and no fresh proof of one came: nothing has ended.
        """
        opened = self._opened_by(refresh_token, proof)
        if opened is None and access_token is not None:
            claims = self._tokens.identify(access_token.text)
            opened = claims.session_id, self._proofs.open(claims.jkt, access_token, proof)
        if opened is None:
            return
        session_id, used = opened
        now = self._clock.now()
        if all_devices:
            self._store.end_all(session_id, proof=used, now=now, request_id=act.request_id)
        else:
            self._store.end(session_id, SessionEnd.LOGOUT, proof=used, now=now, request_id=act.request_id)

    def list(self, claims: AccessClaims) -> tuple[ListedSession, ...]:
        """Return the person's live sessions, the last used first."""
        now = self._clock.now()
        sessions = self._store.live_beside(claims.session_id, proof=claims.proof, now=now)
        own = owned(claims, next((s for s in sessions if s.id == claims.session_id), None), now)
        devices = self._personal_data.describe(own.user_id, tuple(s.device for s in sessions))
        return tuple(
            ListedSession(session=session, device=device, current=session.id == own.id)
            for session, device in zip(sessions, devices, strict=True)
        )

    def end(self, claims: AccessClaims, session_id: UUID, act: Act) -> None:
        """End one session of the person. Raises NotFound for one that is not theirs or never was (A1)."""
        now = self._clock.now()
        own, known = self._store.end_one(
            claims.session_id, session_id, proof=claims.proof, now=now, request_id=act.request_id
        )
        if session_id == claims.session_id and own is not None and known:
            return  # their own: ended now, or before; either way it is as they asked
        owned(claims, own, now)
        if not known:
            raise NotFound

    def end_others(self, claims: AccessClaims, act: Act) -> None:
        """End all sessions of the person but this one."""
        now = self._clock.now()
        own = self._store.end_others(
            claims.session_id, proof=claims.proof, now=now, request_id=act.request_id
        )
        owned(claims, own, now)

    def _opened_by(self, refresh_token: str | None, proof: Proof | None) -> tuple[UUID, Proof | None] | None:
        """Return the session of a refresh token, and the proof that it needed; None if it leads nowhere."""
        if refresh_token is None:
            return None
        try:
            token = self._secrets.read_refresh_token(refresh_token)
            return token.session_id, self._proofs.refresh(token.jkt, proof)
        except RefreshTokenInvalid:
            return None


def _kept(rotation: Rotation) -> OwnSession:
    """Return the session of a token that was rotated, now or by the attempt that this one repeats.

    Raises: what `refresh` says.
    """
    match rotation.outcome:
        case Rotated.ROTATED | Rotated.RETRIED:
            if rotation.own is None:
                raise AssertionError  # the function returns the session with these
            return rotation.own
        case Rotated.REUSED:
            raise RefreshTokenReused
        case Rotated.REVOKED:
            raise SessionRevoked
        case Rotated.SUSPENDED:
            raise AccountSuspended
        case Rotated.EXPIRED:
            raise RefreshTokenExpired
        case Rotated.WRONG_KEY:
            raise RefreshTokenInvalid
        case _:
            assert_never(rotation.outcome)
