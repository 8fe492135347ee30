"""Admit whom a provider vouches for, as the policy of the client id wants it."""

from collections.abc import Mapping
from datetime import datetime

from chalicelib.domain.id_tokens import ClientPolicy, GoogleIdentity, check_nonce, check_platform
from chalicelib.domain.sign_in import SignIn
from chalicelib.services.ports import IdTokenVerifier


class Admission:
    """Verifies a sign-in's ID token, its platform and its nonce."""

    def __init__(self, *, verifier: IdTokenVerifier, clients: Mapping[str, ClientPolicy]) -> None:
        """Admit through these client ids only."""
        self._verifier = verifier
        self._clients = clients

    def admit(self, request: SignIn, now: datetime) -> GoogleIdentity:
        """Return who signs in. Whether token and nonce were used before, the store says.

        Raises:
            InvalidIdToken, IdTokenExpired: not Google's, not for us, or not from this platform.
            NonceRequired, InvalidNonce: the client id's policy on nonces is not met.
        """
        identity = self._verifier.verify(request.id_token, now)
        policy = self._clients[identity.client_id]
        check_platform(policy, request.device.platform)
        check_nonce(policy, identity.nonce, request.nonce)
        return identity
