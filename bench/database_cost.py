"""What requests cost PostgreSQL: the CPU of its processes, and the bytes that it is sent."""

import importlib
from collections.abc import Mapping
from contextlib import suppress
from types import ModuleType
from typing import Any

import psutil
from psycopg2.extensions import cursor as Cursor  # noqa: N812 - psycopg2's own lower case

from local.children import cpu_seconds, family

# Where a revision sends from: `make bench-compare` measures older ones, too.
SENDERS = ("chalicelib.postgres.messages", "chalicelib.stores.messages")


class SentBytes:
    """The bytes of every message that this process sent."""

    total = 0

    def install(self) -> None:
        """Count from now on."""
        sender = _sender()
        send = sender.send

        def counted(cursor: Cursor, statement: str | bytes, values: Mapping[str, Any] | None = None) -> Any:  # noqa: ANN401 - as the wrapped one
            found = send(cursor, statement, values)
            self.total += len(cursor.query or b"")
            return found

        sender.send = counted  # type: ignore[attr-defined]  # measured where it happens


SENT_BYTES = SentBytes()


def server_cpu(postmaster: int) -> Mapping[int, float]:
    """Return the CPU seconds of each process of a server; of one that was killed there is none."""
    found = {}
    for one in family(postmaster):
        with suppress(OSError, psutil.NoSuchProcess):
            found[one.pid] = cpu_seconds(one.pid)
    return found


def connection_mib(postmaster: int) -> float:
    """Return the memory that the largest connection of a container has for itself, plans included.

    Linux tells it of processes of other users to root alone; else it is 0.
    """
    sizes = [0]
    for one in family(postmaster):
        with suppress(psutil.NoSuchProcess, psutil.AccessDenied):
            if any(role in " ".join(one.cmdline()) for role in ("serenya_requests", "serenya_app")):
                sizes.append(one.memory_full_info().uss)
    return max(sizes) / 2**20


def spent(before: Mapping[int, float], after: Mapping[int, float]) -> float:
    """Return what a server used in between; a container keeps its connections, so none of theirs ended."""
    return sum(seconds - before.get(pid, 0.0) for pid, seconds in after.items())


def _sender() -> ModuleType:
    for name in SENDERS:
        try:
            return importlib.import_module(name)
        except ModuleNotFoundError:
            continue
    raise ModuleNotFoundError(SENDERS)
