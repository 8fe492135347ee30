"""Standard output whose reader may leave: `make run | head -3` ends, and nobody sees a traceback."""

import io
import os
import select
import signal
import sys
from typing import Final, TextIO

BROKEN_PIPE: Final = 141  # the exit code that shells know: 128 and the number of SIGPIPE


def reader_is_gone() -> bool:
    """Tell whether standard output is a pipe that nobody reads any more."""
    try:
        asked = select.poll()
        asked.register(sys.stdout.fileno(), 0)
        return any(found & (select.POLLERR | select.POLLHUP) for _, found in asked.poll(0))
    except (OSError, ValueError):
        return True


def be_silent() -> None:
    """Let what is still printed, and what Python prints when it ends, go nowhere."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


class Console(io.TextIOBase):
    """Where threads write lines: when the reader is gone, the process is asked to end, as by `make stop`."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write what the reader shall see."""
        try:
            written = self._stream.write(text)
            self._stream.flush()
        except BrokenPipeError:
            be_silent()
            os.kill(os.getpid(), signal.SIGTERM)
            return len(text)
        return written
