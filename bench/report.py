"""Print the tables: what was measured, its targets, and the ratio to the floor."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from bench.fleet import Figures, Run

COLUMNS = (
    f"{'operation':<14} {'req/s':>8} {'p50 ms':>8} {'p99 ms':>8} {'CPU s/1000':>11} {'target':>7}"
    f" {'AWS CPU':>8} {'DB CPU':>7} {'bytes':>6} {'statements':>11} {'commits':>8} {'KMS':>5} {'vault':>6}"
)
FLOOR_COLUMNS = f"{'operation':<14} {'CPU ms':>8} {'floor ms':>9} {'ratio':>6}  made of"


def table(run: Run, title: str) -> str:
    """Return one fleet's table."""
    containers = "1 container" if run.containers == 1 else f"{run.containers} containers"
    head = (
        f"{title}: {containers}, {run.memory_mib:.0f} MiB in the largest,"
        f" {run.connection_mib:.1f} MiB in the largest connection of PostgreSQL"
    )
    refused = sum(one.unavailable for one in run.figures)
    again = [f"{refused} answers were 503, and asked again"] if refused else []
    return "\n".join([head, COLUMNS, *(_line(one) for one in run.figures), *again])


def floor_table(run: Run, floor: Mapping[str, float]) -> str:
    """Return each figure beside the sum of its primitives."""
    return "\n".join([FLOOR_COLUMNS, *_floor_lines(run, floor)])


def shortfalls(run: Run) -> Iterator[str]:
    """Yield each promise that one container did not keep."""
    for one in run.figures:
        target, most, kms_most = one.operation.target, one.operation.statements_max, one.operation.kms_max
        if target is not None and one.cpu_ms > target:
            yield f"{one.operation.name}: {one.cpu_ms:.2f} CPU s/1000, target {target}"
        of_database = one.operation.database_target
        if of_database is not None and one.database_cpu_ms > of_database:
            cpu = f"{one.database_cpu_ms:.2f} CPU s/1000 of PostgreSQL"
            yield f"{one.operation.name}: {cpu}, target {of_database}"
        if one.costs["statements"] > most:
            yield f"{one.operation.name}: {one.costs['statements']} statements, at most {most}"
        if one.costs["kms_calls"] > kms_most:
            yield f"{one.operation.name}: {one.costs['kms_calls']} calls to KMS, at most {kms_most}"


def _line(one: Figures) -> str:
    target = "-" if one.operation.target is None else f"{one.operation.target:.1f}"
    costs = one.costs
    return (
        f"{one.operation.name:<14} {one.per_second:>8.0f} {one.p50_ms:>8.2f} {one.p99_ms:>8.2f}"
        f" {one.cpu_ms:>11.2f} {target:>7} {one.aws_cpu_ms:>8.2f}"
        f" {one.database_cpu_ms:>7.2f} {one.sent_bytes:>6.0f}"
        f" {costs['statements']:>11.2f} {one.commits:>8.2f}"
        f" {costs['kms_calls']:>5.2f} {costs['key_vault_calls']:>6.2f}"
    )


def _floor_lines(run: Run, floor: Mapping[str, float]) -> Iterator[str]:
    for one in run.figures:
        least = sum(floor[part] for part in one.operation.floor)
        parts = " + ".join(_times(one.operation.floor))
        yield f"{one.operation.name:<14} {one.cpu_ms:>8.2f} {least:>9.2f} {one.cpu_ms / least:>6.1f}  {parts}"


def _times(parts: Sequence[str]) -> Iterator[str]:
    """Yield each primitive once, with how often it is in."""
    for part, count in Counter(parts).items():
        yield part if count == 1 else f"{count} x {part}"
