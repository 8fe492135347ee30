"""Keep anyone from asking too often, at the cost of one statement; none once they are known to have.

A full bucket is remembered, so a flood from one place asks the database once each time that a place is free,
and never waits for a row that others wait for.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Protocol, assert_never

from chalicelib.domain.errors import DependencyUnavailable, RateLimited, ServiceError
from chalicelib.domain.limits import (
    UNKNOWN_ADDRESS,
    Counts,
    Kept,
    Limit,
    LimitedBy,
    Taken,
    Taking,
    client_prefix,
)
from chalicelib.domain.refusals import NOTED
from chalicelib.observation.log import warn
from chalicelib.services.buckets import Buckets
from chalicelib.services.ports import Clock
from chalicelib.services.secrets import Secrets

ASKED_AGAIN_AFTER = timedelta(seconds=10)  # each question to a database that is away may take seconds


class LimitStore(Protocol):
    """The buckets that all containers share."""

    def take(self, taking: Taking) -> Taken:
        """Count one request, unless the bucket is full."""


class Limits:
    """Admits or refuses."""

    def __init__(
        self, *, store: LimitStore, secrets: Secrets, clock: Clock, are_lifted: bool = False
    ) -> None:
        """Start knowing of no full bucket; `are_lifted` admits everything, for a local load test."""
        self._store = store
        self._secrets = secrets
        self._clock = clock
        self._are_lifted = are_lifted
        self._buckets = Buckets()
        self._alone_until: datetime | None = None

    @contextmanager
    def guarding(self, limits: Sequence[Limit], address: str | None) -> Iterator[None]:
        """Hold a request to the limits by address among those of its route.

        Raises:
            RateLimited: too many requests came before this one, or too many were refused.
            DependencyUnavailable: the database can't be asked now.
        """
        by_address = [limit for limit in limits if limit.by is LimitedBy.ADDRESS]
        prefix = client_prefix(address) if by_address else UNKNOWN_ADDRESS
        for limit in by_address:
            if limit.counts is Counts.REQUESTS:
                self.take(limit, prefix)
        try:
            yield
        except ServiceError as error:
            if error.code in NOTED:
                for limit in by_address:
                    if limit.counts is Counts.REFUSALS:
                        self.take(limit, prefix)
            raise

    def take(self, limit: Limit, subject: str) -> None:
        """Count a request of somebody, or refuse it. Raises as `guarding`."""
        if self._are_lifted:
            return
        self.ensure_not_full(limit, subject)
        now = self._clock.now()
        self._settle(limit, subject, self._taken(limit, subject, now), now)

    def ensure_not_full(self, limit: Limit, subject: str) -> None:
        """Refuse without asking anyone, if it is known that there is no place. Raises RateLimited."""
        now = self._clock.now()
        arrives_at = None if self._are_lifted else self._buckets.full(limit, subject, now)
        if arrives_at is not None:
            raise RateLimited(limit=limit, retry_after=limit.wait(arrives_at, now))

    def taking(self, limit: Limit, subject: str) -> Taking | None:
        """Return what a statement that acts counts by itself; None if it needn't. Raises RateLimited."""
        if self._are_lifted:
            return None
        self.ensure_not_full(limit, subject)
        return self._taking(limit, subject, self._clock.now())

    def settle(self, taking: Taking | None, taken: Taken | None) -> None:
        """Take note of what came of a `taking`. Raises RateLimited."""
        if taking is not None and taken is not None:
            self._settle(taking.limit, taking.subject, taken, taking.now)

    def _settle(self, limit: Limit, subject: str, taken: Taken, now: datetime) -> None:
        if limit.is_full(taken.arrives_at, now):
            self._buckets.note(limit, subject, taken.arrives_at)
        if not taken.is_admitted:
            raise RateLimited(limit=limit, retry_after=limit.wait(taken.arrives_at, now))

    def _taken(self, limit: Limit, subject: str, now: datetime) -> Taken:
        match limit.kept:
            case Kept.CONTAINER:
                return self._buckets.take(limit, subject, now)
            case Kept.DATABASE:
                return self._asked(limit, subject, now)
            case Kept.DATABASE_OR_CONTAINER:
                return self._asked_or_alone(limit, subject, now)
            case _:
                assert_never(limit.kept)

    def _asked(self, limit: Limit, subject: str, now: datetime) -> Taken:
        return self._store.take(self._taking(limit, subject, now))

    def _taking(self, limit: Limit, subject: str, now: datetime) -> Taking:
        index = self._secrets.index().bucket(limit.name, subject)
        return Taking(limit=limit, subject=subject, index=index, now=now)

    def _asked_or_alone(self, limit: Limit, subject: str, now: datetime) -> Taken:
        until = self._alone_until
        if until is None or not now < until <= now + ASKED_AGAIN_AFTER:
            try:
                return self._asked(limit, subject, now)
            except DependencyUnavailable:
                self._alone_until = now + ASKED_AGAIN_AFTER
                warn("limits_kept_alone")
        return self._buckets.take(limit, subject, now)
