"""A reader who leaves ends the program, without a traceback."""

import os
import subprocess
import sys

from local.places import PROJECT

THREAD = """
import contextlib, sys, threading
from local.standard_output import Console
from local.running import Stopped, stop_signals

over = threading.Event()

def lines():
    while not over.is_set():
        Console(sys.stdout).write("a line\\n")

writing = threading.Thread(target=lines)
with stop_signals(), contextlib.suppress(Stopped):
    writing.start()
    over.wait()
over.set()
writing.join()
print("Stopping")
"""


def test_a_thread_that_writes_for_nobody_ends_the_run() -> None:
    with subprocess.Popen(  # noqa: S603 - the program above
        (sys.executable, "-c", THREAD), cwd=PROJECT, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as program:
        assert program.stdout is not None
        assert program.stdout.readline() == b"a line\n"
        program.stdout.close()
        assert program.stderr is not None
        assert program.stderr.read() == b""
    assert program.returncode == 0


def test_a_command_whose_reader_has_left_ends_quietly() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        (sys.executable, "-m", "local", "token"),
        cwd=PROJECT,
        stdout=writing,
        stderr=subprocess.PIPE,
        check=False,
    )
    os.close(writing)
    assert (done.returncode, done.stderr) == (141, b"")
