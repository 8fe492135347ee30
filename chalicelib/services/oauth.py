"""Serve what OAuth clients and backends ask of our tokens: end one, or say if it is valid (decision 0105)."""

from collections.abc import Mapping
from typing import Any

from chalicelib.domain.dpop import OfferedToken, Proof
from chalicelib.domain.errors import (
    AccessTokenExpired,
    AccountSuspended,
    InvalidAccessToken,
    SessionRevoked,
)
from chalicelib.domain.sessions import owned
from chalicelib.domain.tokens import AccessClaims
from chalicelib.services.ports import Act, Clock
from chalicelib.services.sessions import SessionService
from chalicelib.services.store_ports import SessionStore
from chalicelib.services.tokens import AccessTokens


class OAuthService:
    """Revocation (RFC 7009) and introspection (RFC 7662)."""

    def __init__(
        self, *, sessions: SessionService, store: SessionStore, tokens: AccessTokens[Any], clock: Clock
    ) -> None:
        """Take what knows sessions and tokens."""
        self._sessions = sessions
        self._store = store
        self._tokens = tokens
        self._clock = clock

    def revoke(self, token: str, proof: Proof | None, act: Act) -> None:
        """End the session of a token of either kind, as logout does; an unknown one ends nothing (R1).

        Raises:
            InvalidDpopProof: the token is bound to a key, and no fresh proof of one came: nothing has ended.
        """
        claims = self._ours(token)
        offered = None if claims is None else OfferedToken(text=token, is_dpop=claims.jkt is not None)
        self._sessions.logout(
            refresh_token=token if claims is None else None,
            access_token=offered,
            proof=proof,
            all_devices=False,
            act=act,
        )

    def introspect(self, token: str, act: Act) -> Mapping[str, object] | None:
        """Return what an access token says, if its session is live at this moment; else None (I1)."""
        now = self._clock.now()
        try:
            claims = self._tokens.verify(token)
            own = self._store.find(claims.session_id, locale=act.locale, now=now)
            owned(claims, own.session if own else None, now)
        except (InvalidAccessToken, AccessTokenExpired, SessionRevoked, AccountSuspended):
            return None
        return self._tokens.payload(claims)

    def _ours(self, token: str) -> AccessClaims | None:
        try:
            return self._tokens.identify(token)
        except InvalidAccessToken:
            return None
