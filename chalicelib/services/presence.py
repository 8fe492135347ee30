"""Let a phone's key prove that its person is present; it is a refresh too (decision 0094)."""

from datetime import datetime
from uuid import UUID

from chalicelib.domain.biometrics import Proof
from chalicelib.domain.errors import ChallengeUsed, NotFound, RefreshTokenInvalid, RefreshTokenReused
from chalicelib.domain.presence_challenges import Purpose, SignedChallenge
from chalicelib.domain.sessions import (
    Lifetimes,
    OwnSession,
    Presented,
    SessionEnd,
    judge_presented,
    own_session,
    owned,
)
from chalicelib.domain.sign_in import SignedIn
from chalicelib.domain.tokens import AccessClaims, RefreshToken
from chalicelib.services.biometric_ports import BiometricStore
from chalicelib.services.grants import Grants
from chalicelib.services.personal_data import PersonalData
from chalicelib.services.ports import Act, Clock
from chalicelib.services.presence_challenges import PresenceChallenges
from chalicelib.services.secrets import Secrets
from chalicelib.services.store_ports import SessionStore


class PresenceService:
    """Proofs of presence."""

    def __init__(
        self,
        *,
        store: BiometricStore,
        sessions: SessionStore,
        challenges: PresenceChallenges,
        secrets: Secrets,
        personal_data: PersonalData,
        grants: Grants,
        lifetimes: Lifetimes,
        clock: Clock,
    ) -> None:
        """Take all that a proof touches."""
        self._store = store
        self._sessions = sessions
        self._challenges = challenges
        self._secrets = secrets
        self._personal_data = personal_data
        self._grants = grants
        self._lifetimes = lifetimes
        self._clock = clock

    def challenge(self, claims: AccessClaims, act: Act) -> tuple[str, datetime]:
        """Return what a registered key must sign, and until when."""
        now = self._clock.now()
        own_session(claims, self._sessions.find(claims.session_id, locale=act.locale, now=now), now)
        return self._challenges.issue(Purpose.VERIFY, claims, now)

    def verify(
        self,
        claims: AccessClaims,
        registration_id: UUID,
        proof: SignedChallenge,
        refresh_token: str,
        act: Act,
    ) -> SignedIn:
        """Return tokens of a session whose person was present just now; a lost answer's retry gets the same.

        Raises:
            NotFound: no key of this person on this device has that id (A1).
            ChallengeInvalid, ChallengeMismatch, ChallengeExpired, ChallengeUsed: the challenge won't do.
            SignatureInvalid: the key did not sign it.
            RefreshTokenInvalid, RefreshTokenExpired, RefreshTokenReused: as in a refresh.
            SessionRevoked, AccountSuspended: the person may not act.
        """
        now = self._clock.now()
        session, spki = self._store.key(claims.session_id, registration_id)
        owned(claims, session, now)
        token = self._secrets.read_refresh_token(refresh_token)
        if (token.session_id, token.jkt) != (claims.session_id, claims.jkt):
            raise RefreshTokenInvalid  # the bearer check took the proof of that key
        challenge = self._challenges.meant(Purpose.VERIFY, claims, proof, now)
        if spki is None:
            raise NotFound
        self._challenges.check(spki, proof)
        asked = Proof(
            registration_id=registration_id,
            session_id=token.session_id,
            generation=token.generation,
            nonce_hash=proof.nonce_hash,
            nonce_expires_at=challenge.expires_at,
            rotated_after=now - self._lifetimes.refresh_grace,
            idle_expires_at=now + self._lifetimes.idle,
        )
        own = self._proven(asked, token, act, now)
        copy = self._personal_data.copy_of(own, seed=token.seed)
        return self._grants.grant(own, token=token.successor(), copy=copy)

    def _proven(self, proof: Proof, token: RefreshToken, act: Act, now: datetime) -> OwnSession:
        own = self._store.prove(proof, locale=act.locale, now=now, request_id=act.request_id)
        if own is not None:
            return own
        own, used_at = self._store.proved(proof, locale=act.locale, now=now)
        if own is not None and used_at == own.session.auth_time:
            own.session.ensure_live(now)
            if own.session.generation == proof.generation + 1:
                return own  # this very proof stepped it up, and nothing came after
        grace = self._lifetimes.refresh_grace
        presented = judge_presented(own.session if own else None, token, grace, now)
        if presented is Presented.REUSE and used_at is None:
            self._sessions.end(proof.session_id, SessionEnd.REUSE, now=now, request_id=act.request_id)
            raise RefreshTokenReused
        raise ChallengeUsed
