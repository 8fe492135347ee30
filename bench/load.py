"""`make load`: containers at full speed while a part of all they do fails and the database is killed once.

Answers 1 when a promise wasn't kept.
"""

import argparse
import json
import multiprocessing
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import quantiles
from threading import Thread
from typing import Final

import psycopg2

from bench.faulty import RATE
from bench.laden import PEOPLE, Answer, Load, Told, contain
from bench.machine import described
from bench.parts import HOME, Parts, started
from local.command_line import CommandLine, seconds, whole_number
from local.database import connected

RESERVE: Final = 4  # connections beside one a container: of those whose end the server hasn't noticed yet
BUDGET: Final = 0.01  # of answers may be 503, beside the outage
BOUND_SECONDS: Final = 10.0  # F0
SETTLED_SECONDS: Final = 5.0  # after the database is back, within which every container must have succeeded
ERRORS: Final = 400  # and above
CONNECTIONS: Final = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'serenya_requests'"
RECORDED: Final = "SELECT count(*) FROM audit_events WHERE kind = 'session.refreshed'"


@dataclass
class Watch:
    """The most connections that were seen at once."""

    owner_url: str
    most: int = 0
    over: bool = False

    def look(self) -> None:
        """Look until it is over; while the database is away there is nothing to see."""
        while not self.over:
            try:
                with connected(self.owner_url) as connection, connection.cursor() as cursor:
                    while not self.over:
                        cursor.execute(CONNECTIONS)
                        self.most = max(self.most, int(cursor.fetchall()[0][0]))
                        time.sleep(0.1)
            except psycopg2.Error:
                time.sleep(0.1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outage:
    """When the database was killed, and when it accepted connections again."""

    began: float
    ended: float


def main(arguments: Sequence[str]) -> int:
    """Load, print, and say what was not kept."""
    options = read(arguments)
    with started() as parts:
        watch = Watch(parts.owner_url)
        watching = Thread(target=watch.look)
        watching.start()
        told, outage = run(parts, options)
        watch.over = True
        watching.join()
        recorded = count(parts.owner_url)
    broken = list(judged(told, outage, watch.most, recorded))
    rows = reported(told, outage, watch.most, recorded)
    sys.stdout.write("".join(f"{name:<22} {value}\n" for name, value in rows.items()))
    sys.stdout.write("\n".join(["Not kept:", *broken]) + "\n" if broken else "Every promise is kept.\n")
    document = {"machine": described(), "load": rows, "not_kept": broken}
    options.json.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    return int(bool(broken))


def read(arguments: Sequence[str]) -> argparse.Namespace:
    """Return the options."""
    parser = CommandLine(prog="make load", description=__doc__)
    parser.add_argument("--containers", type=whole_number(), default=16)
    parser.add_argument("--seconds", type=seconds, default=30)
    parser.add_argument("--json", type=Path, default=HOME / "load.json")
    parser.add_argument("--rate", type=float, default=RATE, help="of statements and calls to AWS that fail")
    return parser.parse_args(arguments)


def run(parts: Parts, options: argparse.Namespace) -> tuple[list[Told], Outage]:
    """Let the containers serve; kill the database halfway."""
    spawning = multiprocessing.get_context("spawn")
    start, over = spawning.Barrier(options.containers + 1), spawning.Event()
    pipes = [spawning.Pipe(duplex=False) for _ in range(options.containers)]
    processes = [
        spawning.Process(
            target=contain,
            args=(
                Load(home=parts.home, number=number, rate=options.rate, settings=parts.settings),
                start,
                over,
                sender,
            ),
            daemon=True,
        )
        for number, (_, sender) in enumerate(pipes)
    ]
    for process in processes:
        process.start()
    for _, sender in pipes:
        sender.close()  # so that the end of a container is noticed
    start.wait(timeout=300)
    time.sleep(options.seconds / 2)
    began = time.perf_counter()
    parts.postgres.kill()
    parts.postgres.start()
    outage = Outage(began=began, ended=time.perf_counter())
    time.sleep(options.seconds / 2)
    over.set()
    told = [receiver.recv() for receiver, _ in pipes]
    for process in processes:
        process.join()
    return told, outage


def count(owner_url: str) -> int:
    """Return how many refreshes the audit record has."""
    with connected(owner_url) as connection, connection.cursor() as cursor:
        cursor.execute(RECORDED)
        return int(cursor.fetchall()[0][0])


def judged(told: Sequence[Told], outage: Outage, connections: int, recorded: int) -> Iterator[str]:
    """Yield each promise that wasn't kept."""
    answers = [answer for one in told for answer in one.answers]
    if unavailable(answers, outage) > BUDGET:
        yield f"more than {BUDGET:.0%} of the answers were 503"
    if wrong := {one.status for one in answers} - {200, 503}:
        yield f"answers that are neither success nor 503: {sorted(wrong)}"
    if (slowest := longest(answers)).seconds > BOUND_SECONDS:
        yield f"a {slowest.act} took more than {BOUND_SECONDS:.0f} s"
    if recovery(told, outage) > SETTLED_SECONDS:
        yield f"a container needed more than {SETTLED_SECONDS:.0f} s after the database was back"
    if connections > len(told) + RESERVE:
        yield f"{connections} connections for {len(told)} containers"
    if recorded != acts(told, "refresh"):
        yield f"{acts(told, 'refresh')} refreshes were answered, {recorded} recorded"


def unavailable(answers: Sequence[Answer], outage: Outage) -> float:
    """Return the part of the answers that was 503, beside those of the outage and just after it."""
    until = outage.ended + SETTLED_SECONDS
    beside = [one.status for one in answers if not outage.began <= one.at <= until]
    return sum(status == 503 for status in beside) / len(beside)  # noqa: PLR2004 - "unavailable"


def recovery(told: Sequence[Told], outage: Outage) -> float:
    """Return how long after the database's return the last container had its first success."""
    firsts = (
        [one.at for one in each.answers if one.status < ERRORS and one.at > outage.ended] for each in told
    )
    return max(min(ends, default=float("inf")) for ends in firsts) - outage.ended


def longest(answers: Sequence[Answer]) -> Answer:
    """Return the answer that took longest."""
    return max(answers, key=lambda one: one.seconds)


def acts(told: Sequence[Told], name: str) -> int:
    """Return how often an act was answered with success."""
    return sum(one.acts.get(name, 0) for one in told)


def reported(told: Sequence[Told], outage: Outage, connections: int, recorded: int) -> dict[str, str]:
    """Return what happened, each figure beside its bound."""
    answers = [answer for one in told for answer in one.answers]
    marks = quantiles([one.seconds * 1000 for one in answers], n=100)
    slowest = longest(answers)
    lasted = max(one.at for one in answers) - min(one.at - one.seconds for one in answers)
    injected = sum((Counter(one.injected) for one in told), Counter[str]())
    statuses = Counter(one.status for one in answers)
    most = len(told) + RESERVE
    return {
        "containers": f"{len(told)}, with {PEOPLE} people each",
        "answers": f"{len(answers)}, {len(answers) / lasted:.0f} a second: {dict(sorted(statuses.items()))}",
        "faults": ", ".join(f"{kind} {number}" for kind, number in sorted(injected.items())),
        "503 beside the outage": f"{unavailable(answers, outage):.2%} of a budget of {BUDGET:.0%}",
        "p50, p99": f"{marks[49]:.1f} ms, {marks[98]:.1f} ms",
        "longest": f"{slowest.seconds:.2f} s, at most {BOUND_SECONDS:.0f}: {slowest.act}, {slowest.status}, "
        f"{slowest.at - outage.began:+.1f} s from the kill",
        "outage": f"{outage.ended - outage.began:.2f} s from the kill to a server that accepts",
        "recovery": f"{recovery(told, outage):.2f} s until every container had succeeded,"
        f" at most {SETTLED_SECONDS:.0f}",
        "connections at most": f"{connections}, of {most}: {len(told)} containers and a reserve of {RESERVE}",
        "refreshes": f"{acts(told, 'refresh')} answered, {recorded} recorded",
    }


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
