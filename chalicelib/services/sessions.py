"""Keep people signed in, and sign them out: refresh, logout, list, end."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, assert_never
from uuid import UUID

from chalicelib.domain.devices import Device
from chalicelib.domain.dpop import OfferedToken, Proof
from chalicelib.domain.errors import (
    NotFound,
    RefreshTokenInvalid,
    RefreshTokenReused,
    ServiceError,
    SessionRevoked,
)
from chalicelib.domain.limits import REFRESH_FAILURES_BY_SESSION
from chalicelib.domain.sessions import (
    Lifetimes,
    OwnSession,
    Presented,
    Session,
    SessionEnd,
    judge_presented,
    owned,
)
from chalicelib.domain.sign_in import SignedIn
from chalicelib.domain.tokens import AccessClaims, RefreshToken
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
        self._limits.ensure_not_full(REFRESH_FAILURES_BY_SESSION, str(token.session_id))
        self._proofs.refresh(token.jkt, proof)
        now = self._clock.now()
        own = self._store.rotate(
            token,
            idle_expires_at=now + self._lifetimes.idle,
            locale=act.locale,
            now=now,
            request_id=act.request_id,
        )
        if own is None:
            own = self._retried(token, now, act)
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
        session_id = self._session_of(refresh_token, proof)
        if session_id is None and access_token is not None:
            claims = self._tokens.identify(access_token.text)
            self._proofs.open(claims.jkt, access_token, proof)
            session_id = claims.session_id
        if session_id is None:
            return
        now = self._clock.now()
        if all_devices:
            self._store.end_all(session_id, now=now, request_id=act.request_id)
        else:
            self._store.end(session_id, SessionEnd.LOGOUT, now=now, request_id=act.request_id)

    def list(self, claims: AccessClaims) -> tuple[ListedSession, ...]:
        """Return the person's live sessions, the last used first."""
        now = self._clock.now()
        sessions = self._store.live_beside(claims.session_id, now=now)
        own = owned(claims, next((s for s in sessions if s.id == claims.session_id), None), now)
        devices = self._personal_data.describe(own.user_id, tuple(s.device for s in sessions))
        return tuple(
            ListedSession(session=session, device=device, current=session.id == own.id)
            for session, device in zip(sessions, devices, strict=True)
        )

    def end(self, claims: AccessClaims, session_id: UUID, act: Act) -> None:
        """End one session of the person. Raises NotFound for one that is not theirs or never was (A1)."""
        now = self._clock.now()
        own, known = self._store.end_one(claims.session_id, session_id, now=now, request_id=act.request_id)
        if session_id == claims.session_id and own is not None and known:
            return  # their own: ended now, or before; either way it is as they asked
        owned(claims, own, now)
        if not known:
            raise NotFound

    def end_others(self, claims: AccessClaims, act: Act) -> None:
        """End all sessions of the person but this one."""
        now = self._clock.now()
        owned(claims, self._store.end_others(claims.session_id, now=now, request_id=act.request_id), now)

    def _retried(self, token: RefreshToken, now: datetime, act: Act) -> OwnSession:
        """Judge at the rotation's own moment: a clock set back in between would make it a theft (F-16)."""
        own = self._store.find(token.session_id, locale=act.locale, now=now)
        session = own.session if own else None
        try:
            presented = judge_presented(session, token, self._lifetimes.refresh_grace, now)
        except ServiceError:
            self._limits.take(REFRESH_FAILURES_BY_SESSION, str(token.session_id))
            raise
        match presented:
            case Presented.RETRY:
                if own is None:
                    raise SessionRevoked
                return own
            case Presented.REUSE:
                self._store.end(token.session_id, SessionEnd.REUSE, now=now, request_id=act.request_id)
                raise RefreshTokenReused
            case _:
                assert_never(presented)

    def _session_of(self, refresh_token: str | None, proof: Proof | None) -> UUID | None:
        if refresh_token is None:
            return None
        try:
            token = self._secrets.read_refresh_token(refresh_token)
            self._proofs.refresh(token.jkt, proof)
        except RefreshTokenInvalid:
            return None
        return token.session_id
