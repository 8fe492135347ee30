"""Ask a phone's key for a signature, and read what comes back."""

from collections.abc import Mapping
from datetime import datetime

from chalicelib.domain.biometrics import PresenceKey
from chalicelib.domain.challenges import RANDOM_BYTES
from chalicelib.domain.presence_challenges import (
    PresenceChallenge,
    Purpose,
    SignedChallenge,
    ensure_meant,
    presence_challenge,
)
from chalicelib.domain.tokens import AccessClaims
from chalicelib.services.biometric_ports import PresenceKeys
from chalicelib.services.ports import Ids
from chalicelib.services.secrets import Secrets


class PresenceChallenges:
    """The challenges of one service; `service` is the name that they carry."""

    def __init__(self, *, secrets: Secrets, keys: PresenceKeys, service: str, ids: Ids) -> None:
        """Take what makes and checks them."""
        self._secrets = secrets
        self._keys = keys
        self._service = service
        self._ids = ids

    def key(self, jwk: Mapping[str, str]) -> PresenceKey:
        """Return the key of a JWK. Raises PublicKeyInvalid, PublicKeyUnsupported."""
        return self._keys.read(jwk)

    def check(self, spki: bytes, proof: SignedChallenge) -> None:
        """Accept what a key signed. Raises SignatureInvalid."""
        self._keys.check(spki, proof)

    def issue(
        self, purpose: Purpose, claims: AccessClaims, now: datetime, *, key: str | None = None
    ) -> tuple[str, datetime]:
        """Return what the key is to sign for a session, and until when; nothing is stored."""
        made = presence_challenge(
            purpose,
            service=self._service,
            session_id=claims.session_id,
            key=key,
            randomness=self._ids.random_bytes(RANDOM_BYTES),
            now=now,
        )
        return self._secrets.write_presence_challenge(made), made.expires_at

    def meant(
        self,
        purpose: Purpose,
        claims: AccessClaims,
        proof: SignedChallenge,
        now: datetime,
        *,
        key: str | None = None,
    ) -> PresenceChallenge:
        """Return a challenge of ours that was made for this act; whether it was used, the store says.

        Raises: ChallengeInvalid, ChallengeMismatch, ChallengeExpired.
        """
        challenge = self._secrets.read_presence_challenge(proof.text)
        ensure_meant(
            challenge, purpose, service=self._service, session_id=claims.session_id, key=key, now=now
        )
        return challenge
