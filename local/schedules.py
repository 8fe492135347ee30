"""Run on time what app.py schedules, as EventBridge does in the cloud."""

import logging
import re
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from chalice.app import Chalice, ScheduledEventConfig

from chalicelib.observation import log
from local.invoke import SCHEDULED
from local.places import StackError

RATE: Final = re.compile(r"rate\(([1-9][0-9]{0,3}) (minute|hour|day)s?\)")
STOP_SECONDS: Final = 10.0  # for what is under way; each function can be cut off and goes on the next time


@dataclass(frozen=True, slots=True, kw_only=True)
class Scheduled:
    """A function, and how often it runs."""

    name: str
    period: timedelta
    run: Callable[[], object]


def scheduled(app: Chalice) -> tuple[Scheduled, ...]:
    """Return the schedules of an app. Raises StackError for one that isn't a plain rate."""
    return tuple(
        _scheduled(app, each) for each in app.event_sources if isinstance(each, ScheduledEventConfig)
    )


@contextmanager
def running(functions: Iterable[Scheduled]) -> Iterator[None]:
    """Run each function when its period has passed, one at a time, in a thread, while the context lasts."""
    stopped = threading.Event()
    thread = threading.Thread(target=_run, args=(tuple(functions), stopped), name="schedules", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stopped.set()
        thread.join(STOP_SECONDS)


def _scheduled(app: Chalice, declared: ScheduledEventConfig) -> Scheduled:
    rate = RATE.fullmatch(str(declared.schedule_expression))
    if rate is None:
        message = f"{declared.name}: the local stack can't run {declared.schedule_expression}"
        raise StackError(message)
    handler = app.handler_map[declared.name]
    period = timedelta(**{f"{rate[2]}s": int(rate[1])})
    return Scheduled(name=declared.name, period=period, run=lambda: handler(SCHEDULED, None))


def _run(functions: tuple[Scheduled, ...], stopped: threading.Event) -> None:
    due = [(time.monotonic() + each.period.total_seconds(), each) for each in functions]
    while due:
        due.sort(key=lambda one: one[0])
        at, first = due[0]
        if stopped.wait(max(0.0, at - time.monotonic())):
            return
        _perform(first)
        due[0] = (time.monotonic() + first.period.total_seconds(), first)


def _perform(function: Scheduled) -> None:
    code = function.name.replace("-", "_")
    try:
        function.run()
    except Exception as error:  # noqa: BLE001 -- the next function, and the next time, come all the same
        log.event("schedule_failed", logging.ERROR, code=code, **log.describe(error))
    else:
        log.event("schedule_ran", code=code)
