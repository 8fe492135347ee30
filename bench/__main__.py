"""`make bench`: the tables on standard output, the same figures as JSON in a file."""

import argparse
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from bench.fleet import Run, run
from bench.floor import floor
from bench.growth import SESSIONS_EACH, fill
from bench.machine import described
from bench.parts import HOME, Parts, started
from bench.plans import whole_reads
from bench.report import floor_table, shortfalls, table
from bench.visit import resident, visit

SLOWER_MAX: Final = 1.2  # times, with a million people
FLEET_PEOPLE: Final = 40


def main(arguments: Sequence[str]) -> int:
    """Measure, print and write; answer 1 if a promise was not kept and `--strict` asks for all."""
    options = read(arguments)
    with started() as parts:
        least = floor(parts.settings["DATABASE_URL"], parts.owner_url)
        first = run(parts, containers=1, people=options.people)
        show(table(first, "A new database"), floor_table(first, least))
        runs, found = {"new": first}, list[str]()
        if options.containers > 1:
            runs["fleet"] = run(parts, containers=options.containers, people=FLEET_PEOPLE)
            show(table(runs["fleet"], "A new database"))
        for people in options.growth:
            grown, whole = grow(parts, people, options.people)
            runs[f"{people} people"], found = grown, found + whole
            found += slower(first, grown)
    broken = [*shortfalls(first), *found]
    show("\n".join(["Not kept:", *broken]) if broken else "Every promise is kept.")
    write(options.json, runs, least, broken)
    return int(options.strict and bool(broken))


def read(arguments: Sequence[str]) -> argparse.Namespace:
    """Return the options."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--people", type=int, default=200, help="that each container serves")
    parser.add_argument("--containers", type=int, default=16, help="of the fleet; 1 leaves it out")
    parser.add_argument("--growth", type=int, nargs="*", default=[10_000, 1_000_000], help="people stored")
    parser.add_argument("--json", type=Path, default=HOME / "figures.json")
    parser.add_argument("--strict", action="store_true", help="fail when a promise isn't kept")
    return parser.parse_args(arguments)


def grow(parts: Parts, people: int, served: int) -> tuple[Run, list[str]]:
    """Fill the database, measure again, and return what plans read whole tables."""
    fill(parts.owner_url, resident(parts.google), people)
    grown = run(parts, containers=1, people=served)
    show(table(grown, f"{people:,} people with {SESSIONS_EACH} sessions each"))
    whole = sorted(set(whole_reads(parts.owner_url, parts.postgres.log_file, visit(parts.google))))
    show("\n".join(whole) or "No statement of a request reads a whole table.")
    return grown, [f"whole table read: {one}" for one in whole]


def slower(first: Run, grown: Run) -> Iterator[str]:
    """Yield what takes longer with more people than it may."""
    for before, after in zip(first.figures, grown.figures, strict=True):
        if after.cpu_ms > before.cpu_ms * SLOWER_MAX:
            times = after.cpu_ms / before.cpu_ms
            yield f"{after.operation.name}: {times:.2f} times the CPU of a new database"


def write(place: Path, runs: Mapping[str, Run], least: Mapping[str, float], broken: Sequence[str]) -> None:
    """Write all figures as JSON."""
    document = {
        "machine": described(),
        "floor_cpu_ms": {name: round(value, 4) for name, value in least.items()},
        "runs": {
            name: {
                "containers": one.containers,
                "memory_mib": round(one.memory_mib, 1),
                "operations": [figures.plain() for figures in one.figures],
            }
            for name, one in runs.items()
        },
        "not_kept": list(broken),
    }
    place.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    show(f"Written to {place}")


def show(*texts: str) -> None:
    """Print paragraphs."""
    for text in texts:
        sys.stdout.write(f"{text}\n\n")
        sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
