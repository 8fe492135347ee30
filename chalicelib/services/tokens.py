"""Issue access tokens and let bearers through."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Generic, Protocol, TypeVar

from chalicelib.domain.errors import DependencyUnavailable, InsufficientScope
from chalicelib.domain.keys import SigningAlgorithm, current_key
from chalicelib.domain.sessions import Lifetimes, Session
from chalicelib.domain.tokens import AccessClaims, Scope
from chalicelib.services.keyring import RETRY_AFTER, KeyRing
from chalicelib.services.ports import Clock, Ids

TokenKeyT = TypeVar("TokenKeyT")
TokenKeyT_contra = TypeVar("TokenKeyT_contra", contravariant=True)


class TokenCodec(Protocol[TokenKeyT_contra]):
    """Writes and reads access tokens with given keys."""

    def encode(self, claims: AccessClaims, key: TokenKeyT_contra) -> str:
        """Return a signed token."""

    def payload(self, claims: AccessClaims) -> Mapping[str, object]:
        """Return what a token says."""

    def sign(self, document: Mapping[str, Any], typ: str, key: TokenKeyT_contra, now: datetime) -> str:
        """Return a signed document."""

    def decode(self, token: str, keys: Mapping[str, TokenKeyT_contra], now: datetime) -> AccessClaims:
        """Return the claims of a live token that one of the keys signed."""

    def identify(self, token: str, keys: Mapping[str, TokenKeyT_contra], now: datetime) -> AccessClaims:
        """Return the claims of a token, live or expired."""


class AccessTokens(Generic[TokenKeyT]):
    """The service's access tokens."""

    def __init__(
        self,
        *,
        keyring: KeyRing[TokenKeyT],
        codec: TokenCodec[TokenKeyT],
        algorithm: SigningAlgorithm,
        lifetimes: Lifetimes,
        clock: Clock,
        ids: Ids,
    ) -> None:
        """Sign with the current key of one algorithm; verify with every key that is published."""
        self._keyring = keyring
        self._codec = codec
        self._algorithm = algorithm
        self._lifetimes = lifetimes
        self._clock = clock
        self._ids = ids

    def issue(self, session: Session, scopes: frozenset[Scope], now: datetime) -> str:
        """Return a token for a live session, as wide as the person's consents are now."""
        claims = AccessClaims(
            user_id=session.user_id,
            session_id=session.id,
            client_id=session.client_id,
            scopes=scopes,
            issued_at=now,
            expires_at=min(now + self._lifetimes.access_token, session.expires_at),
            token_id=self._ids.new_uuid(),
            auth_time=session.auth_time,
            acr=session.acr,
            amr=session.amr,
            jkt=session.jkt,
        )
        return self._codec.encode(claims, self._signing_key(now))

    def sign(self, document: Mapping[str, Any], typ: str) -> str:
        """Return a document of ours as a JWS of its own type, signed with the key of our tokens."""
        now = self._clock.now()
        return self._codec.sign(document, typ, self._signing_key(now), now)

    def _signing_key(self, now: datetime) -> TokenKeyT:
        keys = self._keyring.keys()
        signing = current_key(keys.signing, self._algorithm, now)
        if signing is None:
            raise DependencyUnavailable(retry_after=RETRY_AFTER)
        return keys.token_keys[signing.kid]

    def authenticate(self, token: str, scope: Scope) -> AccessClaims:
        """Return who calls, by the token alone; whether the session is still live, the acting statement says.

        Raises:
            InvalidAccessToken, AccessTokenExpired: not one of ours, or too old.
            InsufficientScope: it does not open this.
        """
        claims = self.verify(token)
        if scope not in claims.scopes:
            raise InsufficientScope(scope=scope.value)
        return claims

    def verify(self, token: str) -> AccessClaims:
        """Return what a token of ours says that has not expired, whatever it opens.

        Raises:
            InvalidAccessToken, AccessTokenExpired: not one of ours, or too old.
        """
        return self._codec.decode(token, self._keyring.keys().token_keys, self._clock.now())

    def payload(self, claims: AccessClaims) -> Mapping[str, object]:
        """Return the claims in the words of a token."""
        return self._codec.payload(claims)

    def identify(self, token: str) -> AccessClaims:
        """Return who holds a token of ours, however old: enough to end a session, for nothing else.

        Raises:
            InvalidAccessToken: not one of ours.
        """
        return self._codec.identify(token, self._keyring.keys().token_keys, self._clock.now())

    def public_keys(self) -> tuple[dict[str, Any], ...]:
        """Return the JWKs of every key that is or will be in use (RFC 7517 s5)."""
        return tuple(key.public_jwk for key in self._keyring.keys().signing)
