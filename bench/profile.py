"""`make profile`: which functions the CPU of a warm request goes to, as Python's profiler tells.

One container, in this process, and only what the handler does. The profiler makes each call dearer by about
a microsecond, so its microseconds are for comparing with each other, not with `make bench`; the number of
calls is exact, and the same on every machine.
"""

import cProfile
import importlib
import io
import json
import pstats
import re
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import redirect_stdout
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

from bench.container import warm_up
from bench.machine import described
from bench.operations import OPERATIONS, SIGN_INS, Operation
from bench.parts import HOME, started
from bench.phones import Phone
from local.command_line import CommandLine, whole_number
from local.dev_google import DevGoogle
from local.invoke import enter

PEOPLE: Final = 100
SHOWN: Final = 16
ROOT: Final = re.compile(r".*/(?:site-packages|lib/python3\.\d+|(?=chalicelib/|bench/))/?")
COLUMNS: Final = f"{'function':<72} {'calls':>6} {'own us':>7} {'with callees us':>16}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    """One function's part of a request."""

    name: str
    calls: float
    own_us: float
    whole_us: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """What one kind of request calls; the functions that take most by themselves come first."""

    operation: str
    calls: float
    cpu_us: float
    dearest: tuple[Function, ...]

    def table(self) -> str:
        """Return it to be read."""
        head = f"{self.operation}: {self.calls:.0f} calls, {self.cpu_us:.0f} us while each is traced"
        lines = (
            f"{one.name:<72} {one.calls:>6.1f} {one.own_us:>7.1f} {one.whole_us:>16.1f}"
            for one in self.dearest
        )
        return "\n".join([head, COLUMNS, *lines])


def main(arguments: Sequence[str]) -> int:
    """Profile every operation, print, and write the figures as JSON."""
    parser = CommandLine(prog="make profile", description=__doc__)
    parser.add_argument("--people", type=whole_number(), default=PEOPLE)
    parser.add_argument("--json", type=Path, default=HOME / "profile.json")
    options = parser.parse_args(arguments)
    with started(HOME) as parts:
        profiles = list(profiled(parts.settings, HOME, options.people))
    for one in profiles:
        sys.stdout.write(f"{one.table()}\n\n")
    document = {"machine": described(), "profiles": [asdict(one) for one in profiles]}
    options.json.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    sys.stdout.write(f"Written to {options.json}\n")
    return 0


def profiled(settings: Mapping[str, str], home: Path, people: int) -> Iterator[Profile]:
    """Yield the profile of each operation, in the order in which phones do them."""
    enter(settings)
    google = DevGoogle(home / "dev-google")
    phones = [Phone(email=f"{uuid4()}@bench.example") for _ in range(people)]
    with redirect_stdout(io.StringIO()):  # the log, as it would go to CloudWatch
        app = importlib.import_module("app").app
        for phone in phones:
            phone.prepare(google, SIGN_INS)
        warm_up(app, google)
        for operation in OPERATIONS:
            for _ in range(operation.rounds - 1):
                _asked(app, operation, phones, None)
            profiler = cProfile.Profile(time.process_time)
            _asked(app, operation, phones, profiler)
            yield read(operation.name, profiler, people)


def read(operation: str, profiler: cProfile.Profile, requests: int) -> Profile:
    """Return what a profiler saw of so many requests, for one."""
    told: Any = pstats.Stats(profiler)
    functions = [
        Function(
            name=named(place, line, function),
            calls=round(calls / requests, 1),
            own_us=round(own / requests * 1e6, 1),
            whole_us=round(whole / requests * 1e6, 1),
        )
        for (place, line, function), (_, calls, own, whole, _) in told.stats.items()
    ]
    functions.sort(key=lambda one: one.own_us, reverse=True)
    return Profile(
        operation=operation,
        calls=round(told.total_calls / requests, 1),
        cpu_us=round(told.total_tt / requests * 1e6, 1),
        dearest=tuple(functions[:SHOWN]),
    )


def named(place: str, line: int, function: str) -> str:
    """Return a function's name as a reader of the code finds it."""
    if place == "~":
        return function.strip("<>").replace(" objects", "").replace("built-in method ", "")
    return f"{ROOT.sub('', place)}:{line} {function}"


def _asked(
    app: Any,  # noqa: ANN401 - Chalice has no types
    operation: Operation,
    phones: Sequence[Phone],
    profiler: cProfile.Profile | None,
) -> None:
    for phone in phones:
        request = operation.request(phone)
        if profiler:
            profiler.enable()
        answer = app(request, None)
        if profiler:
            profiler.disable()
        phone.keep(answer)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
