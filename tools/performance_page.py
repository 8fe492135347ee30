"""Write the figures into docs/performance.md: `python -m tools.performance_page --keep` after `make bench`.

`--keep` keeps what the newest `make bench`, `make load` and `make profile` wrote, in docs/performance.json;
the tables are made of that file, between markers, and no figure is typed by hand. The rest people write.
"""

import argparse
import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

PROJECT: Final = Path(__file__).resolve().parents[1]
PAGE: Final = PROJECT / "docs" / "performance.md"
KEPT: Final = PROJECT / "docs" / "performance.json"
WRITTEN: Final = {
    "bench": "figures.json",
    "load": "load.json",
    "profile": "profile.json",
}  # by name in KEPT, in .local/bench
PROFILED: Final = {"known sign-in", "refresh", "bearer check"}
REGION: Final = re.compile(r"(<!-- figures: ([a-z ]+) -->\n).*?(<!-- end -->)", re.DOTALL)
Figures = Mapping[str, Any]


def page() -> str:
    """Return the page with the kept figures in it."""
    kept: Figures = json.loads(KEPT.read_text(encoding="utf-8"))
    return REGION.sub(
        lambda found: f"{found[1]}\n{TABLES[found[2]](kept)}\n\n{found[3]}", PAGE.read_text(encoding="utf-8")
    )


def keep() -> None:
    """Keep the newest figures that were measured here."""
    kept = json.loads(KEPT.read_text(encoding="utf-8")) if KEPT.exists() else {}
    for name, file in WRITTEN.items():
        written = PROJECT / ".local" / "bench" / file
        if written.exists():
            kept[name] = json.loads(written.read_text(encoding="utf-8"))
    KEPT.write_text(json.dumps(kept, indent=2) + "\n", encoding="utf-8")


def machine(kept: Figures) -> str:
    """Return what was measured on."""
    return _machine(kept["bench"]["machine"])


def operations(kept: Figures) -> str:
    """Return the table of each fleet."""
    return "\n\n".join(_fleet(name, run) for name, run in kept["bench"]["runs"].items())


def floor(kept: Figures) -> str:
    """Return the primitives, and how many times its own each operation takes."""
    least, (first, *_) = kept["bench"]["floor_cpu_ms"], kept["bench"]["runs"].values()
    primitives = _table(["primitive", "CPU ms"], ([name, f"{ms:.3f}"] for name, ms in least.items()))
    rows = (
        [
            one["operation"],
            f"{one['cpu_ms']:.2f}",
            f"{sum_of:.2f}",
            f"{one['cpu_ms'] / sum_of:.1f}",
            _parts(one),
        ]
        for one in first["operations"]
        for sum_of in [sum(least[part] for part in one["floor"])]
    )
    return primitives + "\n\n" + _table(["operation", "CPU s/1000", "floor", "ratio", "made of"], rows)


def cold(kept: Figures) -> str:
    """Return the table of cold starts, and the package's size."""
    told = kept["bench"]["cold_start"]
    size = (
        f"The zip has {_mb(told['zip_bytes'])} (at most {_mb(told['zip_bytes_max'])}), unpacked"
        f" {_mb(told['unpacked_bytes'])}. Medians of {told['starts'][0]['times']} starts:"
    )
    head = ["first request", "CPU ms", "least..most", "target", "init", "request"]
    rows = (
        [
            one["request"],
            f"{one['cpu_ms']:.0f}",
            f"{one['cpu_ms_least']:.0f}..{one['cpu_ms_most']:.0f}",
            str(one["cpu_ms_target"]),
            *(f"{one[name]:.0f}" for name in ("init_cpu_ms", "request_cpu_ms")),
            *(f"{one[name]:.0f}" for name in ("wall_ms", "init_wall_ms", "request_wall_ms", "resident_mib")),
        ]
        for one in told["starts"]
    )
    return f"{size}\n\n" + _table([*head, "wall ms", "wall init", "wall request", "MiB"], rows)


def imports(kept: Figures) -> str:
    """Return the dearest imports, and what only the first sign-in imports."""
    told = kept["bench"]["cold_start"]["imports"]
    head = ["package", "own ms", "with its imports ms", "modules"]
    late = ", ".join(
        f"{one['package']} {one['own_ms']:.1f} ms"
        for one in told["in_the_first_request"]
        if one["own_ms"] > 0
    )
    return (
        f"{told['modules']} modules in init, {told['own_ms']:.0f} ms on the wall while each is told of. The"
        f" dearest:\n\n{_table(head, (_import(one) for one in told['dearest']))}\n\n"
        f"Imported by the first sign-in and not before: {late or 'nothing'}."
    )


def growth(kept: Figures) -> str:
    """Return the ratios to a database of few people."""
    return "\n\n".join(_grown(one) for one in kept["bench"]["growth"])


def shortfalls(kept: Figures) -> str:
    """Return each promise that was not kept."""
    faults = kept["bench"]["not_kept"]
    return "\n".join(f"- {fault}" for fault in faults) or "Every promise was kept."


def profile(kept: Figures) -> str:
    """Return where the CPU of each kind of request goes that has a target."""
    return "\n\n".join(_profile(one) for one in kept["profile"]["profiles"] if one["operation"] in PROFILED)


def load(kept: Figures) -> str:
    """Return what the load showed, and on what."""
    rows = ([name, value] for name, value in kept["load"]["load"].items())
    faults = "; ".join(kept["load"]["not_kept"]) or "nothing"
    return f"{_machine(kept['load']['machine'])}\n\n{_table(['', ''], rows)}\n\nNot kept: {faults}."


TABLES: Final[Mapping[str, Callable[[Figures], str]]] = {
    "machine": machine,
    "operations": operations,
    "floor": floor,
    "cold start": cold,
    "imports": imports,
    "growth": growth,
    "not kept": shortfalls,
    "load": load,
    "profile": profile,
}


def _profile(told: Figures) -> str:
    head = ["function", "calls", "own us", "with callees us"]
    rows = (
        [f"`{one['name']}`", f"{one['calls']:g}", f"{one['own_us']:.0f}", f"{one['whole_us']:.0f}"]
        for one in told["dearest"]
    )
    title = f"{told['operation']}: {told['calls']:.0f} calls, {told['cpu_us']:.0f} us while each is traced"
    return f"{title}\n\n{_table(head, rows)}"


def _machine(told: Mapping[str, str]) -> str:
    libraries = ", ".join(f"{name} {told[name]}" for name in list(told)[list(told).index("python") + 1 :])
    return (
        f"{told['measured_at'].replace('T', ' ')[:16]} UTC: {told['processor']}, {told['cores']} cores, load"
        f" average {told['load_average']} before; {told['system']}, Python {told['python']}; {libraries}."
    )


def _fleet(name: str, run: Figures) -> str:
    head = ["operation", "requests/s", "p50 ms", "p99 ms", "CPU s/1000", "target", "CPU in AWS calls"]
    calls = ["PostgreSQL CPU s/1000", "bytes", "statements", "at most", "commits", "KMS", "at most", "vault"]
    rows = (
        [
            one["operation"],
            f"{one['per_second']:.0f}",
            *(f"{one[figure]:.2f}" for figure in ("p50_ms", "p99_ms", "cpu_ms")),
            "-" if one["cpu_ms_target"] is None else f"{one['cpu_ms_target']:.1f}",
            f"{one['aws_cpu_ms']:.2f}",
            f"{one['database_cpu_ms']:.2f}" if "database_cpu_ms" in one else "-",
            f"{one['sent_bytes']:.0f}" if "sent_bytes" in one else "-",
            f"{one['statements']:g}",
            str(one["statements_max"]),
            f"{one['commits']:.1f}",
            f"{one['kms_calls']:g}",
            str(one["kms_calls_max"]),
            f"{one['key_vault_calls']:g}",
        ]
        for one in run["operations"]
    )
    memory = f"{run['memory_mib']:.0f} MiB in the largest process"
    if "connection_mib" in run:
        memory += f", {run['connection_mib']:.1f} MiB in the largest connection of PostgreSQL"
    return f"{name}, {memory}:\n\n" + _table([*head, *calls], rows)


def _grown(told: Figures) -> str:
    pair = ["few", "many", "ratio", "of pairs"]
    head = ["operation", *(f"CPU {name}" for name in pair), *(f"p50 {name}" for name in pair)]
    rows = (
        [cpu["operation"], *_pair(cpu), *_pair(p50)]
        for cpu, p50 in zip(told["cpu_ms"], told["p50_ms"], strict=True)
    )
    plans = "; ".join(told["whole_reads"]) or "none"
    return (
        f"{told['people']:,} people with {told['sessions_each']} sessions each; whole tables read: {plans};"
        f" ratios of at most {told['ratio_max']} are promised.\n\n{_table(head, rows)}"
    )


def _pair(one: Figures) -> Iterator[str]:
    yield from (f"{one[name]:.2f}" for name in ("before", "after", "ratio"))
    yield f"{one['least']:.2f}..{one['most']:.2f}"


def _import(one: Figures) -> list[str]:
    return [
        one["package"],
        f"{one['own_ms']:.1f}",
        f"{one['with_its_imports_ms']:.1f}",
        str(one["modules"]),
    ]


def _parts(one: Figures) -> str:
    counted = Counter[str](one["floor"]).items()
    return " + ".join(part if count == 1 else f"{count} x {part}" for part, count in counted)


def _mb(size: int) -> str:
    return f"{size / 1e6:.1f} MB"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def main() -> None:
    """Keep newer figures if asked to, and write the page."""
    parser = argparse.ArgumentParser(prog="python -m tools.performance_page", description=__doc__)
    parser.add_argument(
        "--keep", action="store_true", help="the figures of the newest make bench, make load, make profile"
    )
    if parser.parse_args().keep:
        keep()
    PAGE.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
