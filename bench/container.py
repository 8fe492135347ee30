"""One container: a process of its own that loads the app as Lambda does and answers one request at a time."""

import gc
import importlib
import io
import json
import sys
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import psutil

from bench.database_cost import SENT_BYTES
from bench.kept import Told
from bench.operations import OPERATIONS, SIGN_INS, Operation
from bench.phones import Phone
from chalicelib.clients.aws_calls import AwsCalls
from local.dev_google import DevGoogle
from local.invoke import enter

COSTS = ("statements", "kms_calls", "key_vault_calls")
UNAVAILABLE: Final = 503  # the one status that means "come again"
PAUSE_SECONDS: Final = 0.05  # after 503; a phone waits longer
PATIENCE_SECONDS: Final = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One operation in one container: seconds of each request, and what all of them cost.

    `unavailable` is how many answers were 503; their phones asked again.
    """

    operation: str
    seconds: list[float]
    cpu_seconds: float
    aws_cpu_seconds: float
    sent_bytes: int
    began: float
    ended: float
    costs: Mapping[str, int]
    unavailable: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """A container's resident memory in the end, and what its phones were told."""

    memory_mib: float
    told: list[Told]


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """What one answer took, and how many before it were 503."""

    seconds: float
    cpu_seconds: float
    unavailable: int


class AwsCpu:
    """The CPU that calls to AWS take: botocore's, and not ours to make less of."""

    seconds = 0.0

    def install(self) -> None:
        """Measure every call of this process from now on."""
        answer = AwsCalls.answer  # a class attribute: all services share it

        def measured(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - what the wrapped one takes and gives
            before = time.process_time()
            try:
                return answer(*args, **kwargs)
            finally:
                self.seconds += time.process_time() - before

        AwsCalls.answer = measured  # type: ignore[method-assign]  # measured where it happens


AWS_CPU = AwsCpu()


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """What a container is to do."""

    home: Path
    people: int
    settings: Mapping[str, str]


def contain(assignment: Assignment, barrier: Barrier, results: Connection) -> None:
    """Measure every operation, each begun together with the other containers; send what was measured."""
    enter(assignment.settings)
    lines = sys.stdout = io.StringIO()  # the log, as it would go to CloudWatch
    app = importlib.import_module("app").app
    AWS_CPU.install()
    SENT_BYTES.install()
    google = DevGoogle(assignment.home / "dev-google")
    phones = [Phone(email=f"{uuid4()}@bench.example") for _ in range(assignment.people)]
    for phone in phones:
        phone.prepare(google, SIGN_INS)
    warm_up(app, google)
    for operation in OPERATIONS:
        barrier.wait()
        barrier.wait()  # between both, what was written so far is counted
        lines.seek(0), lines.truncate()
        results.send(_measure(app, operation, phones, lines))
    memory = psutil.Process().memory_info().rss / 2**20  # ru_maxrss would know the parent's, from before exec
    results.send(Ended(memory_mib=memory, told=[Told.by(phone) for phone in phones]))


def warm_up(app: Any, google: DevGoogle) -> None:  # noqa: ANN401 - Chalice has no types
    """Load the service's keys and Google's, so that a container's first second is not what is measured."""
    phone = Phone(email=f"{uuid4()}@bench.example")
    phone.prepare(google, SIGN_INS)
    for operation in OPERATIONS:
        for _ in range(operation.rounds):
            _insist(app, operation, phone)
    gc.collect()


def _measure(app: Any, operation: Operation, phones: list[Phone], lines: io.StringIO) -> Measured:  # noqa: ANN401 - the same
    began, aws_before, sent_before = time.perf_counter(), AWS_CPU.seconds, SENT_BYTES.total
    spent = [_insist(app, operation, phone) for _ in range(operation.rounds) for phone in phones]
    ended = time.perf_counter()
    told = [json.loads(line) for line in lines.getvalue().splitlines()]
    costs = Counter({name: sum(line.get(name, 0) for line in told) for name in COSTS})
    return Measured(
        operation=operation.name,
        seconds=[one.seconds for one in spent],
        cpu_seconds=sum(one.cpu_seconds for one in spent),
        aws_cpu_seconds=AWS_CPU.seconds - aws_before,
        sent_bytes=SENT_BYTES.total - sent_before,
        began=began,
        ended=ended,
        costs=costs,
        unavailable=sum(one.unavailable for one in spent),
    )


def _insist(app: Any, operation: Operation, phone: Phone) -> Spent:  # noqa: ANN401 - the same
    """Ask until the answer isn't 503, and let the phone keep it. Raises RuntimeError if it isn't success."""
    request, unavailable = operation.request(phone), 0
    while True:
        cpu_before, before = time.process_time(), time.perf_counter()
        answer = app(request, None)
        seconds, cpu_seconds = time.perf_counter() - before, time.process_time() - cpu_before
        if answer["statusCode"] != UNAVAILABLE or unavailable * PAUSE_SECONDS > PATIENCE_SECONDS:
            phone.keep(answer)
            return Spent(seconds=seconds, cpu_seconds=cpu_seconds, unavailable=unavailable)
        unavailable += 1
        time.sleep(PAUSE_SECONDS)
