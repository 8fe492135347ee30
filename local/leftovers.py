"""PostgreSQL servers that an earlier run left behind. Standard library only, for `make clean`."""

import contextlib
import re
import signal
from pathlib import Path
from typing import Final

from local import processes

FAST: Final = (signal.SIGINT, 10.0)  # postgres(1): disconnect everybody, then a clean shutdown
IMMEDIATE: Final = (signal.SIGQUIT, 5.0)

SERVED: Final = re.compile(r"/postgres -D (.+) -p \d+")  # as local/postgres.py starts it


def postmaster(data: Path) -> tuple[int, bool] | None:
    """Return the process id that the server noted in its directory, and whether it accepts connections."""
    try:
        lines = (data / "postmaster.pid").read_text().splitlines()
        return int(lines[0]), lines[7].strip() == "ready" if len(lines) > 7 else False  # noqa: PLR2004 -- line 8
    except (OSError, ValueError, IndexError):
        return None


def end_leftover(data: Path) -> None:
    """End a server that still runs on the data directory, once it is proven to be exactly that."""
    noted = postmaster(data)
    if noted is None:
        return
    served = SERVED.search(processes.command(noted[0]))
    with contextlib.suppress(OSError):
        if served and Path(served[1]).samefile(data):
            processes.end(noted[0], FAST, IMMEDIATE)
