"""How much of what is paid by use one request and one run of a schedule take: the assumptions of `make cost`.

Each errs on the dear side. What a request does to the database is no line here: that is paid by the hour.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final

PROJECT: Final = Path(__file__).resolve().parents[1]
MB_OF_A_GB: Final = 1024
MINUTES: Final = MappingProxyType({"minute": 1, "hour": 60, "day": 24 * 60})
MONTH_MINUTES: Final = 730 * 60
RATE: Final = re.compile(r"rate\((\d+) (minute|hour|day)s?\)")

COLD_SECONDS: Final = 1.0  # of a new container, once in 200 requests; since 2025 its start is paid too
COLD_SHARE: Final = 1 / 200
RUN_SECONDS: Final = 0.5  # of a schedule's run that finds nothing to do
RUN_KMS_CALLS: Final = 2  # a container that waited long unwraps the service's keys again
RUN_PUTS: Final = 2  # an object of S3 written, a listing
LINE_GB: Final = 2e-6  # a request in the logs: its line with metrics, Lambda's report, the gateway's line


@dataclass(frozen=True, slots=True, kw_only=True)
class Bought:
    """So much of one thing, under the line of the table that it belongs to."""

    line: str
    price: str
    amount: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What one request of a kind takes, beside running."""

    line: str
    seconds: float
    beside: Mapping[str, float]

    def each(self, stage: str) -> dict[str, float]:
        """Return the amount of each price's unit for one request."""
        return {
            "api_request": 1.0,
            "lambda_request": 1.0,
            "lambda_arm_gb_second": (self.seconds + COLD_SECONDS * COLD_SHARE) * memory_gb(stage),
            "log_gb": LINE_GB,
            **self.beside,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """What depends on people, by an estimate for each stage; it is no part of the sum."""

    line: str
    price: str
    amounts: Mapping[str, float]


BESIDE: Final = (
    Beside(  # 4 kB an answer: developers, and a million answers a month five times over
        line="data out",
        price="data_out_gb",
        amounts=MappingProxyType({"dev": 1, "staging": 1, "prod": 20}),
    ),
    Beside(  # what is taken in, for as long as the stage keeps it
        line="logs that are kept",
        price="log_gb_kept",
        amounts=MappingProxyType({"dev": 1, "staging": 1, "prod": 120}),
    ),
    Beside(  # changes of 3, 7 and 35 days; as much as the storage is free
        line="backups beyond the database's size",
        price="backup_gb",
        amounts=MappingProxyType({"dev": 0, "staging": 0, "prod": 50}),
    ),
    Beside(  # writes to evidence and vault, invocations by people
        line="the trail's data events",
        price="trail_event",
        amounts=MappingProxyType({"dev": 50_000, "staging": 50_000, "prod": 2_000_000}),
    ),
)


def requests_of() -> tuple[Usage, ...]:
    """Return the requests that the table tells.

    A sign-in: a tenth are new people, whose key is made and kept (KMS, a write); for others it is read and
    opened as if no container had it at hand. A refresh needs neither KMS nor the vault.
    """
    return (
        Usage(
            line="100,000 sign-ins add",
            seconds=0.03,
            beside={"kms_request": 1.0, "dynamodb_read": 0.9, "dynamodb_write": 0.1},
        ),
        Usage(line="100,000 refreshes add", seconds=0.015, beside={}),
    )


def schedules_of(stage: str) -> Iterator[Bought]:
    """Yield what the schedules of a month take."""
    runs = sum(runs_of(schedule) for schedule in _functions().values() if schedule)
    amounts = {
        "lambda_request": 1.0,
        "lambda_arm_gb_second": RUN_SECONDS * memory_gb(stage),
        "kms_request": RUN_KMS_CALLS,
        "s3_put": RUN_PUTS,
        "log_gb": LINE_GB,
    }
    for price, amount in amounts.items():
        yield Bought(line="Schedules", price=price, amount=runs * amount)


def runs_of(schedule: str) -> float:
    """Return how often a schedule runs in a month; what an event starts runs with that event."""
    rate = RATE.fullmatch(schedule)
    return MONTH_MINUTES / (int(rate[1]) * MINUTES[rate[2]]) if rate else 0.0


def memory_gb(stage: str) -> float:
    """Return the memory of the functions of a stage, as Chalice gives it to them."""
    config = json.loads((PROJECT / ".chalice" / "config.json").read_text(encoding="utf-8"))
    size: int = config["stages"][stage].get("lambda_memory_size", config["lambda_memory_size"])
    return size / MB_OF_A_GB


def _functions() -> dict[str, str | None]:
    functions: dict[str, str | None] = json.loads((PROJECT / "infra" / "functions.json").read_text("utf-8"))
    return functions
