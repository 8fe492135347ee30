"""Let a request through that is counted by its session, before or in place of the act that it asks for."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Protocol
from uuid import UUID

from chalicelib.domain.dpop import Proof
from chalicelib.domain.errors import DependencyUnavailable, ServiceError
from chalicelib.domain.limits import Limit, Taken, Taking
from chalicelib.domain.sessions import Session, owned
from chalicelib.domain.tokens import AccessClaims
from chalicelib.services.limits import Limits


class CheckStore(Protocol):
    """Sessions, as rows."""

    def check(
        self, session_id: UUID, *, proof: Proof | None, place: Taking | None, now: datetime
    ) -> tuple[Session | None, Taken | None]:
        """Return the session that asks, in any state, and what came of its place."""


class SessionCheck:
    """Counts requests and checks their sessions, in one call."""

    def __init__(self, *, store: CheckStore, limits: Limits) -> None:
        self._store = store
        self._limits = limits

    def taking(self, claims: AccessClaims, limit: Limit) -> Taking | None:
        """Return the place that the act's function takes. Raises RateLimited."""
        return self._limits.taking(limit, str(claims.session_id))

    def settle(self, place: Taking | None, taken: Taken | None) -> None:
        """Take note of what came of a place. Raises RateLimited."""
        self._limits.settle(place, taken)

    def check(self, claims: AccessClaims, place: Taking | None, now: datetime) -> Session:
        """Return the session of a bearer, once its request got its place.

        Raises:
            RateLimited: too many requests of this session.
            SessionRevoked, AccountSuspended: the person may not act.
        """
        session, taken = self._store.check(claims.session_id, proof=claims.proof, place=place, now=now)
        self._limits.settle(place, taken)
        return owned(claims, session, now)

    @contextmanager
    def before_act(self, claims: AccessClaims, place: Taking | None, now: datetime) -> Iterator[None]:
        """Let what is refused before the act's function is called be counted and checked all the same.

        Raises as `check`, else what was raised inside.
        """
        try:
            yield
        except DependencyUnavailable:
            raise  # it has waited long enough
        except ServiceError:
            self.check(claims, place, now)
            raise
