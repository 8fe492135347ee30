"""Apply what errands brought back, and send what interrupted acts left to be sent."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from chalicelib.domain.egress import EgressKind, Errand
from chalicelib.domain.errors import DependencyUnavailable, IntegrityFailure
from chalicelib.observation import log
from chalicelib.services.ports import Clock

RESULTS_MAX = 100
Applier = Callable[[Errand], None]
TOLD = frozenset({EgressKind.WEBHOOK, EgressKind.EVENT_BRIDGE})  # many, so they are settled together


class EgressResults(Protocol):
    """The table, as the VPC reads it."""

    def results(self, *, now: datetime, limit: int) -> tuple[Errand, ...]:
        """Return errands that ended and whose result nobody has applied yet."""

    def settle(self, errand: Errand, *, now: datetime) -> None:
        """Forget a result that was applied."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Collected:
    """How many results a run applied."""

    applied: int


class EgressCollection:
    """Takes results into the VPC; applying one twice is applying it once."""

    def __init__(
        self,
        *,
        table: EgressResults,
        appliers: Mapping[EgressKind, Applier],
        told: Callable[[Sequence[Errand]], None],
        clock: Clock,
    ) -> None:
        """Take what applies results of some kinds, and what settles events that others were told of."""
        self._table = table
        self._appliers = appliers
        self._told = told
        self._clock = clock

    def run(self) -> Collected:
        """Apply what ended. Raises DependencyUnavailable: what was applied until then is."""
        now = self._clock.now()
        ended = self._table.results(now=now, limit=RESULTS_MAX)
        told = [errand for errand in ended if errand.kind in TOLD]
        others = [errand for errand in ended if errand.kind in self._appliers]
        self._told(told)
        for errand in told:
            self._table.settle(errand, now=now)
        failed: list[DependencyUnavailable] = []
        for errand in others:
            try:
                self._apply(errand)
                self._table.settle(errand, now=now)
            except DependencyUnavailable as error:
                failed.append(error)  # one person's key, say: the others' results are applied all the same
        if failed:
            raise failed[0]
        return Collected(applied=len(told) + len(others))

    def _apply(self, errand: Errand) -> None:
        """Apply one; what can't ever be applied is told, and stands in nobody's way."""
        try:
            self._appliers[errand.kind](errand)
        except (IntegrityFailure, KeyError, TypeError, ValueError) as error:
            log.event("integrity", logging.ERROR, **log.describe(error))


def need_nothing(_errand: Errand) -> None:
    """Do nothing: this kind of job brings no result back."""
