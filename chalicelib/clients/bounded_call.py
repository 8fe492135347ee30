"""Wait for what can't be told to stop no longer than there is time for.

A library's timeouts bound each connection and each read: a name that resolves slowly or to eight addresses,
S3's say, and a server that sends a byte a second take many times as long, and nothing else bounds them. So it
is asked on another thread, which is left behind when time is up; one that came back is used again, since
making one costs as much as a statement.
"""

import os
from collections.abc import Callable
from queue import SimpleQueue
from threading import Lock, Thread
from typing import Any, Final, Generic, TypeVar

from chalicelib import budget

NAME: Final = "bounded-call"
Answer = TypeVar("Answer")


class TimeIsUp(Exception):
    """No answer came in time; what was asked for may still happen."""


def answer_within(seconds: float, act: Callable[[], Answer]) -> Answer:
    """Return what an act returns, or raise what it raises, within these seconds and the request's budget.

    Raises:
        TimeIsUp: the act goes on by itself, and nobody hears what comes of it.
    """
    most = budget.within(seconds)
    if not most:
        raise TimeIsUp
    errand = _Errand(act)
    _free_worker().errands.put(errand)
    return errand.outcome(most)


class _Errand(Generic[Answer]):
    """An act, and what came of it: written by one thread, and read by another once `done` is free."""

    def __init__(self, act: Callable[[], Answer]) -> None:
        self.done = Lock()
        self.done.acquire()
        self._act = act
        self._answers: list[Answer] = []
        self._failure: Exception | None = None

    def run(self) -> None:
        try:
            self._answers.append(self._act())
        except Exception as error:  # noqa: BLE001 - it is raised again where the answer is waited for
            self._failure = error

    def outcome(self, seconds: float) -> Answer:
        if not self.done.acquire(timeout=seconds):
            raise TimeIsUp
        if self._failure is not None:
            raise self._failure
        return self._answers[0]


class _Worker(Thread):
    """Runs one errand after another; a daemon, since nobody waits for the last one."""

    def __init__(self) -> None:
        super().__init__(name=NAME, daemon=True)
        self.errands = SimpleQueue[_Errand[Any]]()

    def run(self) -> None:
        while True:
            errand = self.errands.get()
            errand.run()
            _idle.append(self)
            errand.done.release()
            del errand  # an answer may be a key: it is kept for nobody


_idle: list[_Worker] = []
os.register_at_fork(after_in_child=_idle.clear)  # threads stay behind


def _free_worker() -> _Worker:
    try:
        return _idle.pop()
    except IndexError:
        worker = _Worker()
        worker.start()
        return worker
