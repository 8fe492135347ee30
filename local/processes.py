"""Processes that somebody else started: which one it is, and its end. Standard library only: `make stop`."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

POLL_SECONDS = 0.02


def started(pid: int) -> str | None:
    """Return when a process started, in the system's own words; with its id it names one process for good.

    None when there is no such process, or it has ended and nobody has taken notice.
    """
    if sys.platform != "linux":
        return _ps(pid, "lstart=")
    try:
        fields = (
            Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        )
    except OSError:
        return None
    return None if fields[0] in {"Z", "X"} else fields[19]  # proc(5): fields 3 and 22


def command(pid: int) -> str:
    """Return the command line of a process, its words with a blank between; empty when there is none."""
    if sys.platform != "linux":
        return _ps(pid, "command=") or ""
    try:
        return (
            Path(f"/proc/{pid}/cmdline")
            .read_text(encoding="utf-8", errors="replace")
            .replace("\0", " ")
            .strip()
        )
    except OSError:
        return ""


def end(pid: int, *ways: tuple[signal.Signals, float]) -> None:
    """End the process by each signal in turn, with seconds to obey, and kill it at last."""
    one = started(pid)
    for sent, seconds in (*ways, (signal.SIGKILL, 5.0)):
        deadline = time.monotonic() + seconds
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, sent)
            os.kill(pid, signal.SIGCONT)  # a frozen one obeys, too
        while one is not None and started(pid) == one and time.monotonic() < deadline:
            time.sleep(POLL_SECONDS)
        if one is None or started(pid) != one:
            return


def _ps(pid: int, column: str) -> str | None:
    words = ("ps", "-ww", "-o", column, "-p", str(pid))
    done = subprocess.run(
        words, env={"PATH": os.defpath, "LC_ALL": "C"}, capture_output=True, text=True, check=False
    )
    return done.stdout.strip() or None
