"""Register the keys of phones that prove presence; list and forget them. None is attested (decision 0093)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from chalicelib.domain.biometrics import NewRegistration, Registration, StoredRegistration
from chalicelib.domain.errors import BiometricKeysFull, ChallengeUsed, NotFound
from chalicelib.domain.presence_challenges import Purpose, SignedChallenge
from chalicelib.domain.sessions import own_session, owned
from chalicelib.domain.tokens import AccessClaims
from chalicelib.services.biometric_ports import BiometricStore
from chalicelib.services.personal_data import PersonalData
from chalicelib.services.ports import Act, Clock, Ids
from chalicelib.services.presence_challenges import PresenceChallenges
from chalicelib.services.store_ports import SessionStore


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyOffer:
    """What a phone sends to complete a registration."""

    jwk: Mapping[str, str]
    proof: SignedChallenge
    name: str | None = field(repr=False)


class BiometricService:
    """A person's keys."""

    def __init__(
        self,
        *,
        store: BiometricStore,
        sessions: SessionStore,
        challenges: PresenceChallenges,
        personal_data: PersonalData,
        clock: Clock,
        ids: Ids,
    ) -> None:
        """Take all that a registration touches."""
        self._store = store
        self._sessions = sessions
        self._challenges = challenges
        self._personal_data = personal_data
        self._clock = clock
        self._ids = ids

    def begin(self, claims: AccessClaims, jwk: Mapping[str, str], act: Act) -> tuple[str, datetime]:
        """Return what a new key must sign, and until when.

        Raises:
            PublicKeyInvalid, PublicKeyUnsupported: the key won't do.
            SessionRevoked, AccountSuspended: the person may not act.
        """
        now = self._clock.now()
        own_session(claims, self._sessions.find(claims.session_id, locale=act.locale, now=now), now)
        key = self._challenges.key(jwk)
        return self._challenges.issue(Purpose.REGISTER, claims, now, key=key.thumbprint)

    def complete(self, claims: AccessClaims, offer: KeyOffer, act: Act) -> Registration:
        """Keep a key that has signed; the retry of a lost answer gets the same registration.

        Raises:
            ChallengeInvalid, ChallengeMismatch, ChallengeExpired, ChallengeUsed: the challenge won't do.
            SignatureInvalid: the key did not sign it.
            BiometricKeysFull: the person has as many keys as one may have.
        """
        now = self._clock.now()
        own_session(claims, self._sessions.find(claims.session_id, locale=act.locale, now=now), now)
        key = self._challenges.key(offer.jwk)
        challenge = self._challenges.meant(Purpose.REGISTER, claims, offer.proof, now, key=key.thumbprint)
        self._challenges.check(key.spki, offer.proof)
        registration_id = self._ids.new_uuid()
        new = NewRegistration(
            id=registration_id,
            session_id=claims.session_id,
            spki=key.spki,
            nonce_hash=offer.proof.nonce_hash,
            nonce_expires_at=challenge.expires_at,
            name=self._personal_data.seal_key_name(claims.user_id, registration_id, offer.name),
        )
        made = self._store.register(new, now=now, request_id=act.request_id)
        session = owned(claims, made.session, now)
        if made.registration is None:
            raise BiometricKeysFull if made.is_full else ChallengeUsed
        return self._shown(claims, made.registration, session.device.id)

    def list(self, claims: AccessClaims) -> tuple[Registration, ...]:
        """Return the person's keys, the oldest first."""
        now = self._clock.now()
        session, found = self._store.registrations(claims.session_id)
        own = owned(claims, session, now)
        return tuple(self._shown(claims, one, own.device.id) for one in found)

    def remove(self, claims: AccessClaims, registration_id: UUID, act: Act) -> None:
        """Forget a key. Raises NotFound for one that is not theirs or never was (A1)."""
        now = self._clock.now()
        session, known = self._store.remove(
            claims.session_id, registration_id, now=now, request_id=act.request_id
        )
        owned(claims, session, now)
        if not known:
            raise NotFound

    def _shown(self, claims: AccessClaims, stored: StoredRegistration, device_id: UUID) -> Registration:
        return Registration(
            id=stored.id,
            device_id=stored.device_id,
            created_at=stored.created_at,
            last_used_at=stored.last_used_at,
            current=stored.device_id == device_id,
            name=self._personal_data.key_name(claims.user_id, stored),
        )
