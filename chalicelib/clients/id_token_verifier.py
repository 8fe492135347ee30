"""Make a VerifiedIdentity out of text from the internet: the only place that does (GG1 to GG6).

Who checks what. Our parser, before: that the token has one reading, and a header that leads nowhere. The
verifier of exactly the one key of the token's kid: the signature, by the algorithm of that key. Our claim
rules, after: everything the token says, as its provider's declaration wants it. The libraries' own `decode`
isn't used: google-auth's would parse the token again, leniently, and the key at every call; it reads the
machine's clock instead of the injected one; and it lets through what decision 0006 lists.
"""

from collections.abc import Collection
from datetime import datetime

from chalicelib.clients.id_token_parser import ParsedIdToken, parse_id_token
from chalicelib.clients.provider_keys import ProviderKeySource
from chalicelib.domain.errors import InvalidIdToken
from chalicelib.domain.id_token_claims import (
    ClaimRefused,
    Claims,
    read_client,
    read_nonce,
    read_subject,
    read_validity,
)
from chalicelib.domain.id_tokens import UnverifiedIdToken, VerifiedIdentity
from chalicelib.domain.profile_claims import read_profile
from chalicelib.domain.providers import OidcProvider


class IdTokenVerifier:
    """Verify one provider's ID tokens against its current keys and our client ids."""

    def __init__(
        self,
        *,
        provider: OidcProvider,
        keys: ProviderKeySource,
        clients: Collection[str],
        hosted_domain: str | None,
    ) -> None:
        """Accept tokens for these client ids; with a hosted domain, only of that organisation (GG6)."""
        self._provider = provider
        self._keys = keys
        self._clients = clients
        self._hosted_domain = hosted_domain

    def verify(self, token: UnverifiedIdToken, now: datetime) -> VerifiedIdentity:
        """Return whom the provider vouches for.

        The nonce, the platform and one use (GG7, GG8) are the caller's: they need more than the token.

        Raises:
            InvalidIdToken: any check failed; the cause names it, without a value.
            IdTokenExpired: the signature and all else are right, and it is too late.
            DependencyUnavailable: the provider's keys can't be had.
        """
        parsed = parse_id_token(token)
        check_signature(parsed, self._provider, self._keys, now)
        try:
            return self._identify(parsed, now)
        except ClaimRefused as error:
            raise InvalidIdToken from error

    def _identify(self, parsed: ParsedIdToken, now: datetime) -> VerifiedIdentity:
        claims = parsed.claims
        self._check_origin(claims)
        client_id, subject, nonce = (
            read_client(claims, self._clients),
            read_subject(claims),
            read_nonce(claims),
        )
        profile = read_profile(claims)
        # last: only a token that is right in all else is called expired
        validity = read_validity(claims, now, self._provider.lifetime_max)
        return VerifiedIdentity(
            provider=self._provider.name,
            issuer=self._provider.issuer,
            subject=subject,
            client_id=client_id,
            nonce=nonce,
            profile=profile,
            issued_at=validity.issued_at,
            expires_at=validity.expires_at,
            token=parsed.token,
            token_hash=parsed.digest(),
        )

    def _check_origin(self, claims: Claims) -> None:
        if "events" in claims:  # a notice about an account, signed by the same key (RFC 8417 s2.2)
            raise ClaimRefused("events")
        issuer = claims.get("iss")
        if not isinstance(issuer, str) or issuer not in self._provider.issuers:
            raise ClaimRefused("iss")
        if self._hosted_domain is not None and claims.get("hd") != self._hosted_domain:
            raise ClaimRefused("hd")


def check_signature(
    parsed: ParsedIdToken, provider: OidcProvider, keys: ProviderKeySource, now: datetime
) -> None:
    """Let through what the provider's key of that name signed, by that key's algorithm.

    Raises:
        InvalidIdToken: it didn't.
        DependencyUnavailable: the keys can't be had.
    """
    if parsed.algorithm not in provider.algorithms:  # before the kid: it causes no load of keys
        raise InvalidIdToken
    key = keys.find(parsed.kid, now)
    if key is None or key.algorithm is not parsed.algorithm:
        raise InvalidIdToken
    if not key.verifier.verify(parsed.signing_input, parsed.signature):
        raise InvalidIdToken
