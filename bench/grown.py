"""Measure beside each other a database with few people and one with many; look at the plans of the latter."""

from dataclasses import dataclass
from typing import Any, Final

from bench.fleet import Run, run
from bench.growth import SESSIONS_EACH, fill
from bench.pairs import Figures, Pairs, paired, table
from bench.parts import Parts
from bench.plans import whole_reads
from bench.visit import resident, visit

SLOWER_MAX: Final = 1.2  # times
PAIRS: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Grown:
    """What so many people cost: the runs with them, and both figures in pairs with a database of few."""

    people: int
    runs: tuple[Run, ...]
    cpu: tuple[Pairs, ...]
    p50: tuple[Pairs, ...]
    whole_reads: tuple[str, ...]

    @property
    def title(self) -> str:
        """What was measured."""
        return f"{self.people:,} people with {SESSIONS_EACH} sessions each"

    def tables(self) -> str:
        """Return the ratios, and what was found in the plans."""
        few, many = "few people", f"{self.people:,}"
        return "\n\n".join(
            [
                table(self.cpu, f"{self.title}: CPU s/1000", few, many),
                table(self.p50, f"{self.title}: p50 ms", few, many),
                "\n".join(self.whole_reads) or "No statement of a request reads a whole table.",
            ]
        )

    def plain(self) -> dict[str, Any]:
        """Return it for JSON."""
        return {
            "people": self.people,
            "sessions_each": SESSIONS_EACH,
            "ratio_max": SLOWER_MAX,
            "cpu_ms": [one.plain() for one in self.cpu],
            "p50_ms": [one.plain() for one in self.p50],
            "whole_reads": list(self.whole_reads),
        }

    def shortfalls(self) -> list[str]:
        """Return what takes longer than it may, by what all pairs agree on; and what reads whole tables."""
        slow = [
            f"{one.operation} with {self.people:,} people: {one.ratio:.2f} times the {what}"
            for what, pairs in (("CPU", self.cpu), ("p50", self.p50))
            for one in pairs
            if one.ratio > SLOWER_MAX and one.verdict == "slower"
        ]
        return [*slow, *(f"whole table read: {one}" for one in self.whole_reads)]


def grow(few: Parts, many: Parts, people: int, served: int) -> Grown:
    """Fill one database, and measure on both in turns."""
    fill(many.owner_url, resident(many.google), people)
    turns = [
        (run(few, containers=1, people=served), run(many, containers=1, people=served)) for _ in range(PAIRS)
    ]
    before, after = [one for one, _ in turns], [one for _, one in turns]
    return Grown(
        people=people,
        runs=tuple(after),
        cpu=paired([cpu(one) for one in before], [cpu(one) for one in after]),
        p50=paired([p50(one) for one in before], [p50(one) for one in after]),
        whole_reads=tuple(
            sorted(set(whole_reads(many.owner_url, many.postgres.log_file, visit(many.google))))
        ),
    )


def cpu(run: Run) -> Figures:
    """Return milliseconds of CPU by operation."""
    return {one.operation.name: one.cpu_ms for one in run.figures}


def p50(run: Run) -> Figures:
    """Return the median milliseconds by operation."""
    return {one.operation.name: one.p50_ms for one in run.figures}
