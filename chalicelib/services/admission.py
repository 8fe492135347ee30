"""Admit whom a provider vouches for, as the policy of the client id requires."""

from collections.abc import Mapping
from datetime import datetime

from chalicelib.domain.errors import NotFound
from chalicelib.domain.id_tokens import (
    Platform,
    Provider,
    UnverifiedIdToken,
    VerifiedIdentity,
    check_nonce,
    check_platform,
)
from chalicelib.domain.providers import OfferedProvider
from chalicelib.services.ports import IdTokenVerifier


class Admission:
    """Verifies an ID token, its platform and its nonce."""

    def __init__(
        self,
        *,
        verifiers: Mapping[Provider, IdTokenVerifier],
        offered: Mapping[Provider, OfferedProvider],
    ) -> None:
        """Admit through these providers, and through their client ids only."""
        self._verifiers = verifiers
        self._offered = offered

    def admit(
        self,
        provider: Provider,
        token: UnverifiedIdToken,
        *,
        platform: Platform | None,
        nonce: str | None,
        now: datetime,
    ) -> VerifiedIdentity:
        """Return for whom the provider vouches. Whether token and nonce were used before, the store says.

        Without a platform that isn't judged: whoever knows it compares it with `platforms`.

        Raises:
            NotFound: nobody signs in with this provider here.
            InvalidIdToken, IdTokenExpired: not the provider's, not for us, or not from this platform.
            NonceRequired, InvalidNonce: the client id's policy on nonces is not met.
        """
        if provider not in self._offered:
            raise NotFound
        identity = self._verifiers[provider].verify(token, now)
        policy = self._offered[provider].clients[identity.client_id]
        if platform is not None:
            check_platform(policy, platform)
        check_nonce(policy, identity.nonce, nonce)
        return identity

    def platforms(self, identity: VerifiedIdentity) -> frozenset[Platform]:
        """Return the platforms that the client id of a verified ID token is for."""
        return self._offered[identity.provider].clients[identity.client_id].platforms
