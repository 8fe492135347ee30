"""What cold starts cost: the kinds of first request with their targets, the figures, and their table."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any, Final

from bench.import_profile import ImportProfile
from bench.phones import Phone
from local.runtime_api import Spent
from tools.package import PACKAGE_BYTES_MAX

COLUMNS: Final = (
    f"{'first request':<15} {'CPU ms':>7} {'target':>7} {'of it init':>11} {'request':>8}"
    f" {'wall ms':>8} {'of it init':>11} {'request':>8} {'MiB':>5}"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class First:
    """A kind of first request; `target` is a promise in milliseconds of CPU."""

    name: str
    request: Callable[[Phone], dict[str, Any]]
    target: int
    is_known: bool = True


FIRSTS: Final = (
    First(name="refresh", request=Phone.refresh, target=450),
    First(name="known sign-in", request=Phone.sign_in, target=500),
    First(name="new sign-in", request=Phone.sign_in, target=500, is_known=False),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """One cold start: when the container was ready, and when its first answer had arrived."""

    ready: Spent
    answered: Spent


@dataclass(frozen=True, slots=True, kw_only=True)
class Starts:
    """All cold starts for one kind of request."""

    first: First
    starts: tuple[Start, ...]

    def plain(self) -> dict[str, Any]:
        """Return the medians for JSON: milliseconds, and MiB resident after the answer."""
        cpu = [one.answered.cpu_seconds for one in self.starts]
        return {
            "request": self.first.name,
            "times": len(self.starts),
            "cpu_ms": _ms(cpu),
            "cpu_ms_least": round(min(cpu) * 1000, 1),
            "cpu_ms_most": round(max(cpu) * 1000, 1),
            "cpu_ms_target": self.first.target,
            "init_cpu_ms": _ms([one.ready.cpu_seconds for one in self.starts]),
            "request_cpu_ms": _ms([one.answered.cpu_seconds - one.ready.cpu_seconds for one in self.starts]),
            "wall_ms": _ms([one.answered.age_seconds for one in self.starts]),
            "init_wall_ms": _ms([one.ready.age_seconds for one in self.starts]),
            "request_wall_ms": _ms([one.answered.age_seconds - one.ready.age_seconds for one in self.starts]),
            "resident_mib": round(median(one.answered.resident_bytes for one in self.starts) / 2**20, 1),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class ColdStart:
    """What a cold start costs, and the package that is started."""

    zip_bytes: int
    unpacked_bytes: int
    starts: tuple[Starts, ...]
    imports: ImportProfile

    def plain(self) -> dict[str, Any]:
        """Return it for JSON."""
        return {
            "zip_bytes": self.zip_bytes,
            "zip_bytes_max": PACKAGE_BYTES_MAX,
            "unpacked_bytes": self.unpacked_bytes,
            "starts": [one.plain() for one in self.starts],
            "imports": self.imports.plain(),
        }


def table(cold: ColdStart) -> str:
    """Return the table of the starts."""
    head = (
        f"Cold start: the real zip ({_mb(cold.zip_bytes)}, at most {_mb(PACKAGE_BYTES_MAX)}; unpacked"
        f" {_mb(cold.unpacked_bytes)}) under awslambdaric, medians of {len(cold.starts[0].starts)}"
    )
    return "\n".join([head, COLUMNS, *(_line(one.plain()) for one in cold.starts)])


def shortfalls(cold: ColdStart) -> Iterator[str]:
    """Yield each promise that was not kept."""
    if cold.zip_bytes > PACKAGE_BYTES_MAX:
        yield f"zip: {_mb(cold.zip_bytes)}, target {_mb(PACKAGE_BYTES_MAX)}"
    for one in cold.starts:
        if (taken := one.plain()["cpu_ms"]) > one.first.target:
            yield f"cold start to the first {one.first.name}: {taken:.0f} ms CPU, target {one.first.target}"


def _line(told: Mapping[str, Any]) -> str:
    return (
        f"{told['request']:<15}"
        f" {told['cpu_ms']:>7.0f} {told['cpu_ms_target']:>7}"
        f" {told['init_cpu_ms']:>11.0f} {told['request_cpu_ms']:>8.0f}"
        f" {told['wall_ms']:>8.0f} {told['init_wall_ms']:>11.0f} {told['request_wall_ms']:>8.0f}"
        f" {told['resident_mib']:>5.0f}"
    )


def _ms(seconds: Sequence[float]) -> float:
    return round(median(seconds) * 1000, 1)


def _mb(size: int) -> str:
    return f"{size / 1e6:.1f} MB"
