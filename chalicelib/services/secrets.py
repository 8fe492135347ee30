"""What only this service can compute: nonces, refresh tokens, session seeds and blind indexes."""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from chalicelib.domain.challenges import Challenge, ChallengePurpose, issue_challenge, read_challenge
from chalicelib.domain.erasure import Origin, identified
from chalicelib.domain.id_tokens import UnverifiedIdToken
from chalicelib.domain.keys import ServiceKeyUse
from chalicelib.domain.presence_challenges import PresenceChallenge, read_presence_challenge
from chalicelib.domain.tokens import RefreshToken, parse_refresh_token, session_seed
from chalicelib.services.keyring import KeyRing
from chalicelib.services.ports import BlindIndex


class Secrets:
    """Computes with the newest active secret of a use, checks with all; may raise DependencyUnavailable."""

    def __init__(self, *, keyring: KeyRing[Any], make_index: Callable[[bytes], BlindIndex]) -> None:
        """Take the keys, and what makes an index of one."""
        self._keyring = keyring
        self._make_index = make_index

    def index(self) -> BlindIndex:
        """Return the blind index."""
        return self._make_index(self._keyring.secrets(ServiceKeyUse.BLIND_INDEX)[0])

    def indexes(self) -> tuple[BlindIndex, ...]:
        """Return the blind index of each key, the newest first: what was stored may be under an older one."""
        return tuple(self._make_index(key) for key in self._keyring.secrets(ServiceKeyUse.BLIND_INDEX))

    def seed(self, id_token: UnverifiedIdToken) -> bytes:
        """Return the seed of the session that an ID token opens; the same one for its exact retry."""
        # of the oldest secret, so that a retry across a rotation gets the same seed
        return session_seed(self._keyring.secrets(ServiceKeyUse.REFRESH_TOKEN)[-1], id_token)

    def write_refresh_token(self, token: RefreshToken) -> str:
        """Return a refresh token as it is sent."""
        return token.encode(self._keyring.writing_secret(ServiceKeyUse.REFRESH_TOKEN))

    def read_refresh_token(self, text: str) -> RefreshToken:
        """Return a refresh token of ours. Raises RefreshTokenInvalid."""
        return parse_refresh_token(text, self._keyring.secrets(ServiceKeyUse.REFRESH_TOKEN))

    def erasure(self, origin: Origin, asked_by: UUID) -> tuple[UUID, str]:
        """Return an erasure's id and secret, the same ones again for who asks again."""
        # of the oldest secret, for the same reason
        return identified(self._keyring.secrets(ServiceKeyUse.REFRESH_TOKEN)[-1], origin, asked_by)

    def issue_nonce(
        self, purpose: ChallengePurpose, randomness: bytes, now: datetime
    ) -> tuple[str, datetime]:
        """Return a fresh nonce and when it expires."""
        secret = self._keyring.writing_secret(ServiceKeyUse.CHALLENGE)
        return issue_challenge(secret, purpose, randomness, now)

    def write_presence_challenge(self, challenge: PresenceChallenge) -> str:
        """Return what a phone's key is asked to sign."""
        return challenge.encode(self._keyring.writing_secret(ServiceKeyUse.CHALLENGE))

    def read_presence_challenge(self, text: str) -> PresenceChallenge:
        """Return a challenge of ours. Raises ChallengeInvalid."""
        return read_presence_challenge(text, self._keyring.secrets(ServiceKeyUse.CHALLENGE))

    def read_nonce(self, purpose: ChallengePurpose, nonce: str, now: datetime) -> Challenge:
        """Return the challenge behind a nonce of ours. Raises InvalidNonce."""
        return read_challenge(self._keyring.secrets(ServiceKeyUse.CHALLENGE), purpose, nonce, now)
