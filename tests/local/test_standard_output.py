"""A reader who leaves ends the program, without a traceback."""

import os
import subprocess
import sys

from local.places import PROJECT

THREAD = (
    "import contextlib, sys, threading\n"
    "from local.standard_output import Console\nfrom local.running import Stopped, stop_signals\n"
    "def lines():\n    while True: Console(sys.stdout).write('a line\\n')\n"
    "with stop_signals(), contextlib.suppress(Stopped):\n"
    "    threading.Thread(target=lines, daemon=True).start()\n    threading.Event().wait()\n"
    "print('Stopping')\n"
)


def test_a_thread_that_writes_for_nobody_ends_the_run() -> None:
    program = subprocess.Popen(  # noqa: S603 - the program above
        (sys.executable, "-c", THREAD), cwd=PROJECT, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert program.stdout is not None
    assert program.stdout.readline() == b"a line\n"
    program.stdout.close()
    assert program.stderr is not None
    assert program.stderr.read() == b""
    assert program.wait() == 0
    program.stderr.close()


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
