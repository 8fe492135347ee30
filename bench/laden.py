"""One container under load: people who never pause, ask again when told to, and count what they were told."""

import gc
import importlib
import io
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import cycle
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Barrier, Event
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

from bench.faulty import Faults
from bench.phones import Phone
from local.dev_google import DevGoogle
from local.invoke import enter

PEOPLE: Final = 5  # of one container
ROUND: Final = (Phone.refresh, Phone.sessions, Phone.refresh, Phone.account)
PAUSE_SECONDS: Final = 0.05  # after 503; a phone waits longer


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer: its act, when it was there by the machine's clock, the seconds it took, its status."""

    act: str
    at: float
    seconds: float
    status: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What one container answered, how many acts were done, and what was broken meanwhile."""

    answers: list[Answer]
    acts: Mapping[str, int]
    injected: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What a container is to do."""

    home: Path
    number: int
    rate: float
    settings: Mapping[str, str]


@dataclass
class Container:
    """The app, and what it answered."""

    app: Any
    answers: list[Answer] = field(default_factory=list)
    acts: Counter[str] = field(default_factory=Counter)

    def insist(self, phone: Phone, request: Callable[[Phone], dict[str, Any]]) -> None:
        """Send one request until it isn't 503, and let the phone keep the answer."""
        event = request(phone)
        while True:
            began = time.perf_counter()
            answer = self.app(event, None)
            ended = time.perf_counter()
            self.answers.append(Answer(request.__name__, ended, ended - began, int(answer["statusCode"])))
            if answer["statusCode"] != 503:  # noqa: PLR2004 - the one status that means "come again"
                break
            time.sleep(PAUSE_SECONDS)
        if answer["statusCode"] in {200, 204}:
            phone.keep(answer)
            self.acts[request.__name__] += 1


def contain(load: Load, start: Barrier, over: Event, results: Connection) -> None:
    """Serve people without a pause until it is over; send what they were told."""
    enter(load.settings)
    lines = sys.stdout = io.StringIO()  # the log, as it would go to CloudWatch
    container = Container(importlib.import_module("app").app)
    first, *people = _people(load.home)
    first.keep(container.app(first.sign_in(), None))  # loads the service's keys, as Lambda's init phase does
    start.wait()
    faults = Faults(load.number, load.rate)
    faults.install()
    for phone in people:
        container.insist(phone, Phone.sign_in)
    gc.collect()
    for phone in cycle(people):
        if over.is_set():
            break
        for request in ROUND:
            container.insist(phone, request)
        lines.seek(0), lines.truncate()
    results.send(Told(answers=container.answers, acts=container.acts, injected=faults.injected))


def _people(home: Path) -> Iterator[Phone]:
    google = DevGoogle(home / "dev-google")
    for _ in range(1 + PEOPLE):
        phone = Phone(email=f"{uuid4()}@load.example")
        phone.prepare(google, 1)
        yield phone
