"""Run containers beside each other and put together what they measured."""

import multiprocessing
import time
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import quantiles
from typing import Any, Final

import psycopg2

from bench.container import COSTS, PATIENCE_SECONDS, PAUSE_SECONDS, Assignment, Ended, Measured, contain
from bench.database_cost import connection_mib, server_cpu, spent
from bench.kept import Told
from bench.operations import OPERATIONS, Operation
from bench.parts import Parts
from local.database import connected

START_SECONDS: Final = 300.0
COMMITS: Final = (
    "SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint"  # transactions that wrote, so far
)
PROCESS_ID: Final = "SELECT split_part(pg_read_file('postmaster.pid'), chr(10), 1)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """One operation: milliseconds, CPU beside the calls to AWS and in them, and what a request cost."""

    operation: Operation
    requests: int
    per_second: float
    p50_ms: float
    p99_ms: float
    cpu_ms: float
    aws_cpu_ms: float
    database_cpu_ms: float
    sent_bytes: float
    commits: float
    unavailable: int
    costs: Mapping[str, float]

    def plain(self) -> dict[str, Any]:
        """Return them for JSON."""
        names = (
            *("requests", "per_second", "p50_ms", "p99_ms", "cpu_ms", "aws_cpu_ms"),
            *("database_cpu_ms", "sent_bytes", "commits"),
        )
        told = {name: round(getattr(self, name), 3) for name in names}
        return {
            "operation": self.operation.name,
            **told,
            **self.costs,
            "unavailable": self.unavailable,
            **self.operation.promised(),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """All operations of one fleet, the memory of its largest container in MiB, and what phones were told."""

    containers: int
    figures: tuple[Figures, ...]
    memory_mib: float
    connection_mib: float
    told: tuple[Told, ...]

    def plain(self) -> dict[str, Any]:
        """Return it for JSON."""
        return {
            "containers": self.containers,
            "memory_mib": round(self.memory_mib, 1),
            "connection_mib": round(self.connection_mib, 1),
            "operations": [figures.plain() for figures in self.figures],
        }


def run(parts: Parts, *, containers: int, people: int) -> Run:
    """Measure a fleet; `people` is how many each container serves."""
    spawning = multiprocessing.get_context("spawn")  # a fork would share what a container must load itself
    barrier = spawning.Barrier(containers + 1)
    pipes = [spawning.Pipe(duplex=False) for _ in range(containers)]
    processes = [
        spawning.Process(
            target=contain,
            args=(Assignment(home=parts.home, people=people, settings=parts.settings), barrier, sender),
            daemon=True,
        )
        for _, sender in pipes
    ]
    for process in processes:
        process.start()
    for _, sender in pipes:
        sender.close()  # so that the end of a container is noticed
    postmaster = process_id(parts)
    figures, connection = [], 0.0
    for operation in OPERATIONS:
        barrier.wait(timeout=START_SECONDS)
        connection = max(connection, connection_mib(postmaster))
        before, cpu_before = commits(parts), server_cpu(postmaster)  # all containers wait
        barrier.wait(timeout=START_SECONDS)
        measured = [receiver.recv() for receiver, _ in pipes]
        server_seconds = spent(cpu_before, server_cpu(postmaster))
        figures.append(summed(operation, measured, commits(parts) - before, server_seconds))
    ended: list[Ended] = [receiver.recv() for receiver, _ in pipes]
    for process in processes:
        process.join()
    return Run(
        containers=containers,
        figures=tuple(figures),
        memory_mib=max(one.memory_mib for one in ended),
        connection_mib=connection,
        told=tuple(told for one in ended for told in one.told),
    )


def commits(parts: Parts) -> int:
    """Return how many transactions have written so far; nobody else is on this server."""
    return answered(parts, COMMITS)


def process_id(parts: Parts) -> int:
    """Return the server's process."""
    return answered(parts, PROCESS_ID)


def answered(parts: Parts, query: str) -> int:
    """Return the one number that the database's owner is answered."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            with connected(parts.owner_url) as connection, connection.cursor() as cursor:
                cursor.execute(query)
                ((count,),) = cursor.fetchall()
                return int(count)
        except psycopg2.OperationalError:  # somebody killed the server, and it isn't back yet
            if time.monotonic() > deadline:
                raise
            time.sleep(PAUSE_SECONDS)


def summed(operation: Operation, measured: list[Measured], committed: int, server_seconds: float) -> Figures:
    """Return the figures of all containers together."""
    seconds = [second for one in measured for second in one.seconds]
    count, cuts = len(seconds), quantiles(seconds, n=100)
    elapsed = max(one.ended for one in measured) - min(one.began for one in measured)
    return Figures(
        operation=operation,
        requests=count,
        per_second=count / elapsed,
        p50_ms=cuts[49] * 1000,
        p99_ms=cuts[98] * 1000,
        cpu_ms=sum(one.cpu_seconds - one.aws_cpu_seconds for one in measured) / count * 1000,
        aws_cpu_ms=sum(one.aws_cpu_seconds for one in measured) / count * 1000,
        database_cpu_ms=server_seconds / count * 1000,
        sent_bytes=sum(one.sent_bytes for one in measured) / count,
        commits=committed / count,
        unavailable=sum(one.unavailable for one in measured),
        costs={name: round(sum(one.costs[name] for one in measured) / count, 3) for name in COSTS},
    )
