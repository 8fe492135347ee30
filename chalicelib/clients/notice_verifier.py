"""Make a ProviderNotice out of text from the internet: a JWT by the keys that sign ID tokens, no ID token.

Apple's notice has its event as a text of JSON in the claim `events`, and no `sub` beside it. So neither can
pass for the other, and each refuses the other besides.
"""

from collections.abc import Collection
from datetime import datetime

from chalicelib.clients.id_token_parser import parse_id_token
from chalicelib.clients.id_token_verifier import check_signature
from chalicelib.clients.provider_keys import ProviderKeySource
from chalicelib.clients.strict_json import read_object
from chalicelib.domain.errors import IdTokenExpired, InvalidIdToken
from chalicelib.domain.id_token_claims import ClaimRefused, Claims, read_client, read_validity
from chalicelib.domain.id_tokens import UnverifiedIdToken
from chalicelib.domain.notices import CONSEQUENCES, ProviderNotice, read_event, read_notice_id, read_text
from chalicelib.domain.providers import OidcProvider


class NoticeVerifier:
    """Verify one provider's notices against its current keys and our client ids."""

    def __init__(self, *, provider: OidcProvider, keys: ProviderKeySource, clients: Collection[str]) -> None:
        """Accept notices about people of these client ids."""
        self._provider = provider
        self._keys = keys
        self._clients = clients

    def verify(self, payload: str, now: datetime) -> ProviderNotice:
        """Return what the provider tells.

        Raises:
            InvalidIdToken: any check failed; a notice of long ago is none any more.
            DependencyUnavailable: the provider's keys can't be had.
        """
        parsed = parse_id_token(UnverifiedIdToken(payload))
        check_signature(parsed, self._provider, self._keys, now)
        try:
            return self._read(parsed.claims, now)
        except (ValueError, IdTokenExpired) as error:
            raise InvalidIdToken from error

    def _read(self, claims: Claims, now: datetime) -> ProviderNotice:
        if read_text(claims, "iss") not in self._provider.issuers:
            raise ClaimRefused("iss")
        read_client(claims, self._clients)
        kind, subject = read_event(_event(claims))
        return ProviderNotice(
            provider=self._provider.name,
            issuer=self._provider.issuer,
            subject=subject,
            kind=kind,
            consequence=CONSEQUENCES.get(kind),
            id_hash=read_notice_id(claims, self._provider.issuer),
            expires_at=read_validity(claims, now, self._provider.lifetime_max).expires_at,
        )


def _event(claims: Claims) -> Claims:
    """Return the one event: an object, or the text of one, as Apple writes it."""
    told = claims.get("events")
    if isinstance(told, str):
        return read_object(told.encode())
    if not isinstance(told, dict):
        raise ClaimRefused("events")
    return told
