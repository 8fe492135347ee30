"""What only this service can compute: nonces, refresh tokens, session seeds and blind indexes."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from chalicelib.domain.challenges import Challenge, ChallengePurpose, issue_challenge, read_challenge
from chalicelib.domain.dpop_nonces import issue_nonce, nonce_issued_at
from chalicelib.domain.erasure import Origin, identified
from chalicelib.domain.id_tokens import UnverifiedIdToken
from chalicelib.domain.keys import ServiceKeyUse
from chalicelib.domain.presence_challenges import PresenceChallenge, read_presence_challenge
from chalicelib.domain.tokens import RefreshToken, parse_refresh_token, session_seed
from chalicelib.services.keyring import KeyRing
from chalicelib.services.ports import BlindIndex


@dataclass(frozen=True, slots=True, kw_only=True)
class Indexing:
    """The index keys of one moment, each with its version; `all` begins with the one that writes."""

    all: tuple[tuple[int, BlindIndex], ...]

    @property
    def version(self) -> int:
        """The version that writes."""
        return self.all[0][0]

    @property
    def versions(self) -> tuple[int, ...]:
        """Every version under which something may be stored."""
        return tuple(version for version, _ in self.all)

    @property
    def writes(self) -> BlindIndex:
        """The index under which something new is stored."""
        return self.all[0][1]

    @property
    def finds(self) -> tuple[BlindIndex, ...]:
        """Every index under which something may be stored."""
        return tuple(index for _, index in self.all)

    def digests(self, purpose: str, content: bytes) -> tuple[bytes, ...]:
        """Return what tells that content is unchanged, whichever version digested it."""
        return tuple(index.digest(purpose, content) for index in self.finds)


class Secrets:
    """Computes with the newest active secret of a use, checks with all; may raise DependencyUnavailable."""

    def __init__(self, *, keyring: KeyRing[Any], make_index: Callable[[bytes], BlindIndex]) -> None:
        """Take the keys, and what makes an index of one."""
        self._keyring = keyring
        self._make_index = make_index

    def indexing(self) -> Indexing:
        """Return the blind indexes: what writes, and under what something may be stored."""
        versions = self._keyring.secrets(ServiceKeyUse.BLIND_INDEX)
        return Indexing(all=tuple((each.version, self._make_index(each.secret)) for each in versions))

    def index(self) -> BlindIndex:
        """Return the blind index that writes."""
        return self.indexing().writes

    def indexes(self) -> tuple[BlindIndex, ...]:
        """Return the blind index of each key: what was stored may be under an older one."""
        return self.indexing().finds

    def look_again(self) -> None:
        """Learn at once what keys there are: the database knows one that this container doesn't."""
        self._keyring.fresh()

    def seeds(self, id_token: UnverifiedIdToken) -> tuple[bytes, ...]:
        """Return the seed of the session that an ID token opens, and then those it may have been opened with.

        The exact retry of a sign-in has the same ones, its own among them, across a rotation too.
        """
        return tuple(session_seed(secret, id_token) for secret in self._plain(ServiceKeyUse.REFRESH_TOKEN))

    def write_refresh_token(self, token: RefreshToken) -> str:
        """Return a refresh token as it is sent."""
        return token.encode(self._plain(ServiceKeyUse.REFRESH_TOKEN)[0])

    def read_refresh_token(self, text: str) -> RefreshToken:
        """Return a refresh token of ours. Raises RefreshTokenInvalid."""
        return parse_refresh_token(text, self._plain(ServiceKeyUse.REFRESH_TOKEN))

    def erasures(self, origin: Origin, asked_by: UUID) -> tuple[tuple[UUID, str], ...]:
        """Return an erasure's id and secret, and then those it has if it was asked for before a rotation."""
        secrets = self._plain(ServiceKeyUse.REFRESH_TOKEN)
        return tuple(identified(secret, origin, asked_by) for secret in secrets)

    def issue_nonce(
        self, purpose: ChallengePurpose, randomness: bytes, now: datetime
    ) -> tuple[str, datetime]:
        """Return a fresh nonce and when it expires."""
        return issue_challenge(self._plain(ServiceKeyUse.CHALLENGE)[0], purpose, randomness, now)

    def write_presence_challenge(self, challenge: PresenceChallenge) -> str:
        """Return what a phone's key is asked to sign."""
        return challenge.encode(self._plain(ServiceKeyUse.CHALLENGE)[0])

    def read_presence_challenge(self, text: str) -> PresenceChallenge:
        """Return a challenge of ours. Raises ChallengeInvalid."""
        return read_presence_challenge(text, self._plain(ServiceKeyUse.CHALLENGE))

    def read_nonce(self, purpose: ChallengePurpose, nonce: str, now: datetime) -> Challenge:
        """Return the challenge behind a nonce of ours. Raises InvalidNonce."""
        return read_challenge(self._plain(ServiceKeyUse.CHALLENGE), purpose, nonce, now)

    def issue_dpop_nonce(self, now: datetime) -> str:
        """Return the nonce for proofs that are made now."""
        return issue_nonce(self._plain(ServiceKeyUse.CHALLENGE)[0], now)

    def dpop_nonce_issued_at(self, nonce: str, now: datetime) -> datetime | None:
        """Return since when a fresh nonce of ours is handed out; None for any other."""
        return nonce_issued_at(self._plain(ServiceKeyUse.CHALLENGE), nonce, now)

    def _plain(self, use: ServiceKeyUse) -> tuple[bytes, ...]:
        return tuple(each.secret for each in self._keyring.secrets(use))
