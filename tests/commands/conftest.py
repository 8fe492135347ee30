"""One copy of the project for the tests of commands, and a stack that `make run` started in it."""

import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from local.children import end, free_port
from tests.commands import copying
from tests.conftest import RUN

WHO = ("ACTOR=j.doe", "REASON=ticket 4711")


@dataclass
class Stack:
    """A running `make run`, and the commands that are typed beside it."""

    folder: Path
    url: str
    process: subprocess.Popen[str]
    user_ids: dict[str, str] = field(default_factory=dict)

    def make(self, *words: str) -> str:
        """Type a make command that must succeed; return what it printed."""
        done = copying.make(self.folder, *words)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def refused(self, *words: str) -> str:
        """Type a make command that must fail; return its first line on stderr."""
        done = copying.make(self.folder, *words)
        assert done.returncode != 0, done.stdout
        return done.stderr.splitlines()[0]

    def operate(self, act: str, *words: str) -> str:
        """Act as an operator, on record."""
        return self.make("operate", f"ACT={act}", *words, *WHO)


@pytest.fixture(scope="package")
def copy() -> Path:
    """A copy of the project."""
    return copying.copied(RUN / "commands" / "project")


@pytest.fixture(scope="package")
def stack() -> Iterator[Stack]:
    """What `make run` brings up in a copy of its own, until `make stop`."""
    copy = copying.copied(RUN / "commands" / "stack")
    port, log = free_port(), copy / "run.log"
    with log.open("w") as said:
        process = subprocess.Popen(  # noqa: S603 - our own
            (*copying.AS_IT_IS, "run"),
            cwd=copy,
            env=copying.shell() | {"PORT": str(port), "ACCESS_TOKEN_SECONDS": "120"},
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=subprocess.STDOUT,
            text=True,
        )
    try:
        while "One line a request follows" not in log.read_text():
            assert process.poll() is None, log.read_text()
            time.sleep(0.1)
        yield Stack(copy, f"http://127.0.0.1:{port}", process)
    finally:
        end(process.pid)
        process.wait()
