"""Know which `make run` of this checkout is running, so that it is the only one and another can end it."""

import contextlib
import json
import os
import signal
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from types import FrameType
from typing import Final

from local import processes
from local.places import LOCAL, FileLock, StackError, make_directory, write_private

RECORD: Final = LOCAL / "run.json"
LOCK: Final = LOCAL / "run.lock"
STOP_SECONDS: Final = 30.0


class AlreadyRunning(StackError):
    """Another `run` holds this checkout."""


class Stopped(BaseException):
    """Someone asked the stack to end: Ctrl-C, `make stop`, or the system."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A running stack: its process, when that was started, and where it answers."""

    pid: int
    started: str | None
    url: str


@contextlib.contextmanager
def single_run() -> Iterator[None]:
    """Be the only run of this checkout while the context lasts. Raises: AlreadyRunning."""
    make_directory(LOCAL)
    lock = FileLock(LOCK)
    if not lock.acquire():
        run = recorded_run()
        where = f" at {run.url or 'its start'} (process {run.pid})" if run else ""
        raise AlreadyRunning(f"This checkout is already running{where}. End it with: make stop")
    try:
        record("")
        yield
    finally:
        RECORD.unlink(missing_ok=True)
        lock.release()


def record(url: str) -> None:
    """Note this process, and where it answers once that is known, for other shells."""
    run = Run(pid=os.getpid(), started=processes.started(os.getpid()), url=url)
    write_private(RECORD, json.dumps(asdict(run)))


@contextlib.contextmanager
def stop_signals() -> Iterator[None]:
    """Turn the first request to end into `Stopped` in the main thread; later ones don't disturb the end."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        for number in numbers:
            signal.signal(number, signal.SIG_IGN)
        raise Stopped

    numbers = [signal.SIGINT, signal.SIGTERM]
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # nohup asked to outlive the terminal
        numbers.append(signal.SIGHUP)
    before = {number: signal.signal(number, stop) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def recorded_run() -> Run | None:
    """Return the run that the record names, if that very process still lives."""
    try:
        run = Run(**json.loads(RECORD.read_text()))
        return run if run.started is not None and processes.started(run.pid) == run.started else None
    except (OSError, ValueError, TypeError):
        return None


def stop_run() -> bool:
    """End the run of this checkout and wait for its end; False when there was none. Raises: StackError."""
    lock = FileLock(LOCK)
    if not LOCK.exists() or lock.acquire():
        lock.release()
        return False
    run = recorded_run()
    if run is None:
        raise StackError(
            "A run that is just starting, or of another version, holds this checkout: press Ctrl-C there"
        )
    with contextlib.suppress(ProcessLookupError):
        os.kill(run.pid, signal.SIGTERM)
    deadline = time.monotonic() + STOP_SECONDS
    while not lock.acquire():
        if time.monotonic() > deadline:
            raise StackError(f"Process {run.pid} didn't end within {STOP_SECONDS:.0f} seconds")
        time.sleep(0.05)
    lock.release()
    return True
