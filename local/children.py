"""Child processes that never outlive the stack, even when it is killed without a chance to clean up."""

import contextlib
import ctypes
import os
import signal
import socket
import sys
import time
from collections.abc import Callable
from typing import Final

import psutil

PR_SET_PDEATHSIG: Final = 1  # linux/prctl.h
CPUCLOCK_SCHED: Final = 2  # linux/posix-timers.h: what a process's own clock counts
HOST: Final = "127.0.0.1"


def die_with_parent(sent: signal.Signals) -> Callable[[], None] | None:
    """Return what a child calls before exec to get the signal when its parent dies; None if unsupported.

    The kernel counts the starting *thread* as the parent: start children from a thread that lives as long.
    """
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None).prctl  # resolved before the fork: the child may only make async-safe calls
    parent = os.getpid()

    def ask_kernel() -> None:
        prctl(PR_SET_PDEATHSIG, int(sent), 0, 0, 0)
        if os.getppid() != parent:  # it died in between
            os._exit(1)

    return ask_kernel


def free_port() -> int:
    """Return a TCP port that was free on the loopback interface a moment ago."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def family(pid: int) -> list[psutil.Process]:
    """Return the process and its descendants, the process first; empty when it is gone."""
    try:
        first = psutil.Process(pid)
        return [first, *first.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def cpu_seconds(pid: int) -> float:
    """Return the CPU that a process has used, its ended threads included; fine-grained where Linux tells."""
    try:
        return time.clock_gettime(~pid << 3 | CPUCLOCK_SCHED)
    except OSError:
        times = psutil.Process(pid).cpu_times()
        return times.user + times.system


def send(processes: list[psutil.Process], sent: signal.Signals) -> None:
    """Send the signal to each process that still lives."""
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.send_signal(sent)


def end(pid: int, *ways: tuple[signal.Signals, float]) -> None:
    """End the process by each signal in turn, with seconds to obey, and at last kill it and its children."""
    members = family(pid)
    for sent, seconds in ways:
        send(members[:1], sent)
        _, members = psutil.wait_procs(members, timeout=seconds)
        if not members:
            return
    send(members, signal.SIGKILL)
    psutil.wait_procs(members, timeout=5)
