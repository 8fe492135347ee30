"""Make a ProviderNotice out of a security event token (RFC 8417), signed by the keys that sign ID tokens.

So the two must not be taken for each other (J4; RFC 8417 s4.5 to s4.8): this one's type is in its header, and
it has `events`, but neither `exp` nor `sub`; each of that refuses it as an ID token, or an ID token here.
"""

from collections.abc import Collection
from datetime import datetime

from chalicelib.clients.id_token_parser import ParsedIdToken, parse_id_token
from chalicelib.clients.id_token_verifier import check_signature
from chalicelib.clients.provider_keys import ProviderKeySource
from chalicelib.domain.errors import EventError, Fault, InvalidIdToken, SecurityEventRefused
from chalicelib.domain.id_token_claims import ClaimRefused, Claims
from chalicelib.domain.id_tokens import UnverifiedIdToken
from chalicelib.domain.notices import ProviderNotice, read_notice_id
from chalicelib.domain.providers import OidcProvider
from chalicelib.domain.security_events import (
    AGE_MAX,
    TYPE,
    consequence_of,
    is_for_us,
    is_one_of,
    read_event_subject,
    read_issued_at,
    read_security_event,
)


class SecurityEventVerifier:
    """Verify one provider's security event tokens against its current keys and our client ids."""

    def __init__(self, *, provider: OidcProvider, keys: ProviderKeySource, clients: Collection[str]) -> None:
        """Accept events about people of these client ids."""
        self._provider = provider
        self._keys = keys
        self._clients = clients
        # Google's RISC documents write its issuer with a slash at the end, its discovery documents without
        self._issuers = provider.issuers | {f"{provider.issuer}/"}

    def verify(self, payload: str, now: datetime) -> ProviderNotice:
        """Return what the provider tells.

        Raises:
            SecurityEventRefused: any check failed.
            DependencyUnavailable: the provider's keys can't be had.
        """
        parsed = self._signed(payload, now)
        claims = parsed.claims
        if not is_one_of(claims.get("iss"), self._issuers):
            raise _refused(EventError.INVALID_ISSUER)
        if not is_for_us(claims, self._clients):
            raise _refused(EventError.INVALID_AUDIENCE)
        try:
            return self._read(claims, now)
        except ClaimRefused as error:
            raise _refused(EventError.INVALID_REQUEST) from error

    def _signed(self, payload: str, now: datetime) -> ParsedIdToken:
        try:
            parsed = parse_id_token(UnverifiedIdToken(payload), TYPE)
        except InvalidIdToken as error:
            raise _refused(EventError.INVALID_REQUEST) from error
        try:
            check_signature(parsed, self._provider, self._keys, now)
        except InvalidIdToken as error:
            raise _refused(EventError.INVALID_KEY) from error
        return parsed

    def _read(self, claims: Claims, now: datetime) -> ProviderNotice:
        issued_at = read_issued_at(claims, now)
        uri, said = read_security_event(claims)
        return ProviderNotice(
            provider=self._provider.name,
            issuer=self._provider.issuer,
            subject=read_event_subject(claims, said, self._issuers),
            kind=uri.rpartition("/")[2],
            consequence=consequence_of(uri, said),
            id_hash=read_notice_id(claims, self._provider.issuer),
            expires_at=issued_at + AGE_MAX,
        )


def _refused(why: EventError) -> SecurityEventRefused:
    return SecurityEventRefused(faults=(Fault(pointer="", code=why),))
