"""Errands to the internet: written where there is no way out, done where there is one.

At least once: an errand is claimed for one try, and whoever dies in it leaves it due again. What the errand
does must bear being done twice; what it is about is written into the table once.
"""

import json
import logging
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from chalicelib.domain.egress import (
    LEASE,
    PAYLOAD_BYTES_MAX,
    SEALED,
    EgressKind,
    EgressState,
    Errand,
    Outcome,
    Verdict,
    egress_context,
)
from chalicelib.domain.errors import DependencyUnavailable, IntegrityFailure
from chalicelib.domain.formats import json_object
from chalicelib.observation import log
from chalicelib.services.ports import Clock, Wrapping

BUDGET = timedelta(seconds=35)  # no try begins later; below the function's 60 s, with a slow try's 20 s
AT_ONCE = 8  # tries beside each other: one slow receiver delays few
SWEPT_MAX = 100


class Lease(Protocol):
    """An errand that is somebody's to try."""

    @property
    def errand(self) -> Errand:
        """What is to be done."""


class EgressTable(Protocol):
    """The table, as the functions outside the VPC use it."""

    def claim(self, errand_id: str, *, now: datetime, lease: timedelta) -> Any:  # noqa: ANN401 - a lease, which only the table reads
        """Take a pending errand for one try."""

    def wait(self, lease: Any, *, until: datetime) -> None:  # noqa: ANN401 - the same
        """Give a claim back."""

    def finish(self, lease: Any, state: EgressState, *, result: bytes | None, now: datetime) -> bool:  # noqa: ANN401 - the same
        """End an errand."""

    def due(self, *, now: datetime, limit: int) -> tuple[str, ...]:
        """Return pending errands whose time has come."""


class EgressQueue(Protocol):
    """The table, as whoever wants something done uses it."""

    def put(self, errand: Errand) -> bool:
        """Write an errand once."""


class Doer(Protocol):
    """Does errands of one kind, in bounded time; bears doing one twice."""

    def __call__(self, document: Mapping[str, Any], now: datetime) -> Outcome:
        """Return what came of it. Raises IntegrityFailure for what isn't such an errand."""


class Errands:
    """What there is to do outside; each method raises DependencyUnavailable; none is for a transaction."""

    def __init__(self, *, queue: EgressQueue, wrapping: Wrapping, clock: Clock) -> None:
        """Take the table, and the key that seals what is somebody's secret."""
        self._queue = queue
        self._wrapping = wrapping
        self._clock = clock

    def send(self, kind: EgressKind, errand_id: str, document: Mapping[str, Any]) -> None:
        """Have something done; asked again under the same id, it is done once."""
        plain = json.dumps(document, separators=(",", ":")).encode()
        payload = _sealed(self._wrapping, errand_id, kind, plain)
        self._queue.put(Errand(id=errand_id, kind=kind, payload=payload, created_at=self._clock.now()))

    def learned(self, errand: Errand) -> dict[str, Any]:
        """Return what an errand that is done brought back. Raises IntegrityFailure."""
        return _opened(self._wrapping, errand, errand.result or b"")


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """How many errands a run tried, by what became of them; `failed` names those that it couldn't try."""

    states: dict[str, int]
    failed: tuple[str, ...]


class EgressDelivery:
    """Does errands, where there is a way out."""

    def __init__(
        self,
        *,
        table: EgressTable,
        wrapping: Wrapping,
        doers: Mapping[EgressKind, Doer],
        clock: Clock,
        chance: Callable[[], float],
    ) -> None:
        """Take what does each kind; `chance` spreads the next tries."""
        self._table = table
        self._wrapping = wrapping
        self._doers = doers
        self._clock = clock
        self._chance = chance

    def deliver(self, errand_ids: Iterable[str]) -> Delivered:
        """Try errands once each, some beside each other; those that time is too short for are due later."""
        until = self._clock.monotonic() + BUDGET.total_seconds()
        ids = tuple(dict.fromkeys(errand_ids))
        with ThreadPoolExecutor(AT_ONCE, "egress") as pool:
            states = tuple(pool.map(lambda one: self._tried_in_time(one, until), ids))
        counts: dict[str, int] = {}
        for state in states:
            if isinstance(state, EgressState):
                counts[state.value] = counts.get(state.value, 0) + 1
        failed = tuple(one for one, state in zip(ids, states, strict=True) if state is False)
        return Delivered(states=counts, failed=failed)

    def sweep(self) -> Delivered:
        """Try what is due again, what the stream lost, and what somebody died with."""
        return self.deliver(self._table.due(now=self._clock.now(), limit=SWEPT_MAX))

    def _tried_in_time(self, errand_id: str, until: float) -> EgressState | bool | None:
        """Return the state that a try led to; None without one, False if the table couldn't be used."""
        if self._clock.monotonic() >= until:
            return None
        try:
            return self._tried(errand_id)
        except DependencyUnavailable:
            return False

    def _tried(self, errand_id: str) -> EgressState | None:
        lease: Lease | None = self._table.claim(errand_id, now=self._clock.now(), lease=LEASE)
        if lease is None:
            return None
        errand = lease.errand
        outcome = self._outcome(errand)
        state, now = errand.after(outcome), self._clock.now()
        if state is EgressState.PENDING:
            self._table.wait(lease, until=now + errand.pause(self._chance()))
        else:
            self._table.finish(lease, state, result=self._result(errand, outcome), now=now)
        _tell(errand, outcome, state)
        return state

    def _outcome(self, errand: Errand) -> Outcome:
        try:
            document = _opened(self._wrapping, errand, errand.payload)
            return self._doers[errand.kind](document, self._clock.now())
        except DependencyUnavailable:
            return Outcome(verdict=Verdict.FAILED, cause="unavailable")
        except (IntegrityFailure, KeyError, TypeError, ValueError) as error:
            return Outcome(verdict=Verdict.POISONED, cause=type(error).__name__)

    def _result(self, errand: Errand, outcome: Outcome) -> bytes | None:
        if outcome.learned is None:
            return None
        plain = json.dumps(dict(outcome.learned), separators=(",", ":")).encode()
        return _sealed(self._wrapping, errand.id, errand.kind, plain)


def _sealed(wrapping: Wrapping, errand_id: str, kind: EgressKind, plain: bytes) -> bytes:
    """Return what stands in the table; of what is sealed, the name of the KMS key first."""
    if kind not in SEALED:
        return plain
    if len(plain) > PAYLOAD_BYTES_MAX:
        raise IntegrityFailure
    return wrapping.key_id.encode() + b"\n" + wrapping.encrypt(plain, egress_context(errand_id, kind))


def _opened(wrapping: Wrapping, errand: Errand, sealed: bytes) -> dict[str, Any]:
    plain = sealed
    if errand.kind in SEALED:
        key_id, _, wrapped = sealed.partition(b"\n")
        plain = wrapping.decrypt(wrapped, egress_context(errand.id, errand.kind), key_id.decode("ascii"))
    return json_object(plain)


def _tell(errand: Errand, outcome: Outcome, state: EgressState) -> None:
    if state is EgressState.DONE:
        log.event("egress_done", code=errand.kind.value)
    elif outcome.verdict is Verdict.REFUSED:
        log.warn("egress_refused", code=errand.kind.value, cause=outcome.cause)
    elif state is EgressState.DEAD:
        log.event("egress_dead", logging.ERROR, code=errand.kind.value, cause=outcome.cause)
    else:
        log.warn("egress_failed", code=errand.kind.value, cause=outcome.cause)
