"""Make a GoogleIdentity out of text from the internet: the only place that does (GG1 to GG6).

Who checks what. Our parser, before: that the token has one reading, RS256, and a header that leads nowhere.
google-auth: the signature, RSASSA-PKCS1-v1_5 with SHA-256, through its `RSAVerifier`, with exactly the one
key of the token's kid in Google's set. Our claim rules, after: everything the token says. google-auth's own
`jwt.decode` isn't used: it would parse the token again, leniently, and the key at every call; it reads the
machine's clock instead of the injected one; and it lets through what assurance 0.1 lists.
"""

from collections.abc import Mapping
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
from chalicelib.domain.id_tokens import ClientPolicy, GoogleIdentity, UnverifiedIdToken
from chalicelib.domain.profile_claims import read_profile

GOOGLE_ISSUER = "https://accounts.google.com"
# Google documents both spellings; a person has one key, so both become the first (GG3)
_ISSUERS = {GOOGLE_ISSUER, "accounts.google.com"}


class GoogleTokenVerifier:
    """Verify Google's ID tokens against its current keys and our client ids."""

    def __init__(
        self, *, keys: ProviderKeySource, clients: Mapping[str, ClientPolicy], hosted_domain: str | None
    ) -> None:
        """Accept tokens for these client ids; with a hosted domain, only of that Workspace (GG6)."""
        self._keys = keys
        self._clients = clients
        self._hosted_domain = hosted_domain

    def verify(self, token: UnverifiedIdToken, now: datetime) -> GoogleIdentity:
        """Return whom Google vouches for.

        The nonce, the platform and one use (GG7, GG8) are the caller's: they need more than the token.

        Raises:
            InvalidIdToken: any check failed; the cause names it, without a value.
            IdTokenExpired: the signature and all else are right, and it is too late.
            DependencyUnavailable: Google's keys can't be had.
        """
        parsed = parse_id_token(token)
        self._check_signature(parsed, now)
        try:
            return self._identify(parsed, now)
        except ClaimRefused as error:
            raise InvalidIdToken from error

    def _check_signature(self, parsed: ParsedIdToken, now: datetime) -> None:
        verifier = self._keys.find(parsed.kid, now)
        if verifier is None or not verifier.verify(parsed.signing_input, parsed.signature):
            raise InvalidIdToken

    def _identify(self, parsed: ParsedIdToken, now: datetime) -> GoogleIdentity:
        claims = parsed.claims
        self._check_origin(claims)
        client_id, subject, nonce = (
            read_client(claims, self._clients),
            read_subject(claims),
            read_nonce(claims),
        )
        profile = read_profile(claims)
        validity = read_validity(
            claims, now
        )  # last: only a token that is right in all else is called expired
        return GoogleIdentity(
            issuer=GOOGLE_ISSUER,
            subject=subject,
            client_id=client_id,
            nonce=nonce,
            profile=profile,
            issued_at=validity.issued_at,
            expires_at=validity.expires_at,
            token_hash=parsed.digest(),
        )

    def _check_origin(self, claims: Claims) -> None:
        issuer = claims.get("iss")
        if not isinstance(issuer, str) or issuer not in _ISSUERS:
            raise ClaimRefused("iss")
        if self._hosted_domain is not None and claims.get("hd") != self._hosted_domain:
            raise ClaimRefused("hd")
