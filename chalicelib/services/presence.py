"""Let a phone's key prove that its person is present: the session steps up, and its tokens say so."""

from datetime import datetime
from typing import assert_never
from uuid import UUID

from chalicelib.domain.biometrics import PresenceProof, Proved
from chalicelib.domain.errors import (
    AccountSuspended,
    ChallengeUsed,
    NotFound,
    RefreshTokenExpired,
    RefreshTokenInvalid,
    RefreshTokenReused,
    SessionRevoked,
)
from chalicelib.domain.limits import BIOMETRICS
from chalicelib.domain.presence_challenges import Purpose, SignedChallenge
from chalicelib.domain.sessions import Lifetimes, OwnSession, owned
from chalicelib.domain.sign_in import SignedIn
from chalicelib.domain.tokens import AccessClaims, RefreshToken
from chalicelib.services.biometric_ports import DeviceKeyStore
from chalicelib.services.grants import Grants
from chalicelib.services.personal_data import PersonalData
from chalicelib.services.ports import Act, Clock
from chalicelib.services.presence_challenges import PresenceChallenges
from chalicelib.services.secrets import Secrets
from chalicelib.services.session_check import SessionCheck


class PresenceService:
    """Proofs of presence."""

    def __init__(
        self,
        *,
        store: DeviceKeyStore,
        sessions: SessionCheck,
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

    def challenge(self, claims: AccessClaims) -> tuple[str, datetime]:
        """Return what a registered key must sign, and until when. Raises RateLimited; as `verify`."""
        now = self._clock.now()
        self._sessions.check(claims, self._sessions.taking(claims, BIOMETRICS), now)
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

        The key must be read before its signature can be checked, so this is two calls of the database.

        Raises:
            NotFound: no key of this person on this device has that id (A1).
            ChallengeInvalid, ChallengeMismatch, ChallengeExpired, ChallengeUsed: the challenge won't do.
            SignatureInvalid: the key did not sign it.
            RefreshTokenInvalid, RefreshTokenExpired, RefreshTokenReused: as in a refresh.
            RateLimited, SessionRevoked, AccountSuspended: too often, or the person may not act.
        """
        now = self._clock.now()
        spki = self._key(claims, registration_id, now)
        token = self._secrets.read_refresh_token(refresh_token)
        if (token.session_id, token.jkt) != (claims.session_id, claims.jkt):
            raise RefreshTokenInvalid  # the bearer check took the proof of that key
        challenge = self._challenges.meant(Purpose.VERIFY, claims, proof, now)
        if spki is None:
            raise NotFound
        self._challenges.check(spki, proof)
        asked = PresenceProof(
            registration_id=registration_id,
            token=token,
            nonce_hash=proof.nonce_hash,
            nonce_expires_at=challenge.expires_at,
            grace=self._lifetimes.refresh_grace,
            idle_expires_at=now + self._lifetimes.idle,
        )
        own = _proved(*self._store.prove(asked, locale=act.locale, now=now, request_id=act.request_id))
        return self._granted(own, token)

    def _granted(self, own: OwnSession, token: RefreshToken) -> SignedIn:
        copy = self._personal_data.copy_of(own, seed=token.seed)
        return self._grants.grant(own, token=token.successor(), copy=copy)

    def _key(self, claims: AccessClaims, registration_id: UUID, now: datetime) -> bytes | None:
        """Return the public half of a key, once the request got its place; None for one that isn't theirs."""
        place = self._sessions.taking(claims, BIOMETRICS)
        session, taken, spki = self._store.key(
            claims.session_id, registration_id, proof=claims.proof, place=place, now=now
        )
        self._sessions.settle(place, taken)
        owned(claims, session, now)
        return spki


def _proved(outcome: Proved, own: OwnSession | None) -> OwnSession:
    """Return the session that was stepped up, now or by the attempt that this one repeats.

    Raises: what `verify` says.
    """
    match outcome:
        case Proved.PROVED | Proved.REPEATED:
            if own is None:
                raise AssertionError  # the function returns the session with these
            return own
        case Proved.CHALLENGE_USED:
            raise ChallengeUsed
        case Proved.UNKNOWN_KEY:
            raise NotFound
        case Proved.SUSPENDED:
            raise AccountSuspended
        case Proved.REVOKED:
            raise SessionRevoked
        case Proved.EXPIRED:
            raise RefreshTokenExpired
        case Proved.WRONG_KEY:
            raise RefreshTokenInvalid
        case Proved.REUSED:
            raise RefreshTokenReused
        case _:
            assert_never(outcome)
