"""`make bench`: the tables on standard output, the same figures as JSON in a file."""

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from bench import cold_start, starts
from bench.fleet import Run, run
from bench.floor import floor
from bench.grown import Grown, grow
from bench.keeper import kept_running
from bench.kept import lost
from bench.machine import described
from bench.parts import HOME, Parts, started
from bench.report import floor_table, shortfalls, table
from bench.starts import ColdStart
from local.command_line import CommandLine, whole_number

FLEET_PEOPLE: Final = 40


def main(arguments: Sequence[str]) -> int:
    """Measure, print and write; answer 1 if something was lost, or, with `--strict`, a promise not kept."""
    options = read(arguments)
    document: dict[str, Any] = {"machine": described()}
    broken = list[str]()
    if options.cold:
        broken += cold(document, options.cold)
    with started(options.home) as parts, kept_running(parts.postgres) as outages:
        missing, missed = warm(parts, options, document)
        broken += missed
    document |= {"outages_seconds": outages, "lost": missing, "not_kept": broken}
    if outages:
        often = "once" if len(outages) == 1 else f"{len(outages)} times"
        show(f"PostgreSQL was killed {often}: these figures are not to be compared.")
        show("\n".join(["LOST:", *missing]) if missing else "Nothing that was answered was lost.")
    show("\n".join(["Not kept:", *broken]) if broken else "Every promise is kept.")
    options.json.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    show(f"Written to {options.json}")
    return int(bool(missing) or (options.strict and bool(broken)))


def read(arguments: Sequence[str]) -> argparse.Namespace:
    """Return the options."""
    parser = CommandLine(prog="make bench", description=__doc__)
    parser.add_argument("--people", type=whole_number(), default=200, help="that each container serves")
    parser.add_argument("--containers", type=whole_number(), default=16, help="of the fleet; 1 leaves it out")
    parser.add_argument(
        "--growth", type=whole_number(), nargs="*", default=[10_000, 1_000_000], help="people stored"
    )
    parser.add_argument(
        "--cold", type=whole_number(0), default=cold_start.TIMES, help="cold starts; 0 leaves them out"
    )
    parser.add_argument("--json", type=Path, default=HOME / "figures.json")
    parser.add_argument("--home", type=Path, default=HOME, help=argparse.SUPPRESS)  # of a test's own
    parser.add_argument("--strict", action="store_true", help="fail when a promise isn't kept")
    return parser.parse_args(arguments)


def cold(document: dict[str, Any], times: int) -> list[str]:
    """Measure cold starts; return what was not kept."""
    measured: ColdStart = cold_start.measure(times=times)
    show(starts.table(measured), measured.imports.table())
    document["cold_start"] = measured.plain()
    return list(starts.shortfalls(measured))


def warm(parts: Parts, options: argparse.Namespace, document: dict[str, Any]) -> tuple[list[str], list[str]]:
    """Measure warm containers; return what was lost, and what was not kept."""
    document["machine"]["postgresql"] = str(parts.postgres.binaries.major if parts.postgres.binaries else "?")
    least = floor(parts.owner_url)
    runs = {"1 container": run(parts, containers=1, people=options.people)}
    first = runs["1 container"]
    show(table(first, "A new database"), floor_table(first, least))
    if options.containers > 1:
        fleet = run(parts, containers=options.containers, people=FLEET_PEOPLE)
        runs[f"{options.containers} containers"] = fleet
        show(table(fleet, "A new database"))
    missing = [fault for one in runs.values() for fault in lost(parts.owner_url, one.told)]
    grown, of_growth = growth(parts, options)
    document |= figures(least, runs, grown)
    return missing + of_growth, [*shortfalls(first), *(fault for one in grown for fault in one.shortfalls())]


def growth(parts: Parts, options: argparse.Namespace) -> tuple[list[Grown], list[str]]:
    """Measure with more and more people; return that, and what was lost."""
    if not options.growth:
        return [], []
    few, grown, missing = parts.twin(), list[Grown](), list[str]()
    for people in options.growth:
        grown.append(grow(few, parts, people, options.people))
        show(table(grown[-1].runs[-1], grown[-1].title), grown[-1].tables())
        missing += [fault for one in grown[-1].runs for fault in lost(parts.owner_url, one.told)]
    return grown, missing


def figures(least: Mapping[str, float], runs: Mapping[str, Run], grown: Sequence[Grown]) -> dict[str, Any]:
    """Return what was measured for JSON."""
    return {
        "floor_cpu_ms": {name: round(value, 4) for name, value in least.items()},
        "runs": {name: one.plain() for name, one in runs.items()},
        "growth": [one.plain() for one in grown],
    }


def show(*texts: str) -> None:
    """Print paragraphs."""
    for text in texts:
        sys.stdout.write(f"{text}\n\n")
        sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
