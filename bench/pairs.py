"""Compare two measurements that took turns: what slows the machine down for a while slows both of a pair."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any, Final

COLUMNS: Final = f"{'operation':<24} {'{}':>12} {'{}':>12} {'ratio':>6} {'of pairs':>12}  verdict"
Figures = Mapping[str, float]  # by operation


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairs:
    """One operation's figures, each with the one that was measured beside it."""

    operation: str
    before: tuple[float, ...]
    after: tuple[float, ...]

    @property
    def ratios(self) -> list[float]:
        """How many times the former figure the latter is, pair by pair."""
        return [after / before for before, after in zip(self.before, self.after, strict=True)]

    @property
    def ratio(self) -> float:
        """The median ratio."""
        return median(self.ratios)

    @property
    def verdict(self) -> str:
        """What the pairs agree on, if they do."""
        if min(self.ratios) <= 1 <= max(self.ratios):
            return "no difference"
        return "slower" if self.ratio > 1 else "faster"

    def plain(self) -> dict[str, Any]:
        """Return it for JSON."""
        return {
            "operation": self.operation,
            "before": round(median(self.before), 3),
            "after": round(median(self.after), 3),
            "ratio": round(self.ratio, 3),
            "least": round(min(self.ratios), 3),
            "most": round(max(self.ratios), 3),
            "verdict": self.verdict,
        }


def paired(before: Sequence[Figures], after: Sequence[Figures]) -> tuple[Pairs, ...]:
    """Return the pairs of each operation, from runs that took turns."""
    return tuple(
        Pairs(
            operation=name,
            before=tuple(one[name] for one in before),
            after=tuple(one[name] for one in after),
        )
        for name in before[0]
    )


def table(pairs: Sequence[Pairs], title: str, before: str, after: str) -> str:
    """Return both medians of each operation, the ratio, its spread, and what that says."""
    return "\n".join([title, COLUMNS.format(before, after), *_lines(pairs)])


def _lines(pairs: Sequence[Pairs]) -> Iterator[str]:
    for one in pairs:
        told = one.plain()
        spread = f"{told['least']:.2f}..{told['most']:.2f}"
        yield (
            f"{one.operation:<24} {told['before']:>12.3f} {told['after']:>12.3f} {told['ratio']:>6.2f}"
            f" {spread:>12}  {one.verdict}"
        )
