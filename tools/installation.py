"""Install a lock as it is, show how far it has come, and try it out. Standard library only."""

import importlib.util
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from local.shell import ours
from tools.package_index import IndexSettingsError, pip_variables, without_pip

NO_PIP: Final = (
    "This Python has no ensurepip, which .venv is made with (Debian, Ubuntu: apt install python3-venv)."
)
LOG: Final = "pip.log"  # in the environment
EXACTLY: Final = ("--no-deps", "--require-hashes", "--only-binary", ":all:")
QUIETLY: Final = (
    "--no-input",
    "--disable-pip-version-check",
    "--no-warn-script-location",
    "--progress-bar",
    "off",
)
PINNED: Final = re.compile(r"^[a-z0-9][a-z0-9._-]*==", re.MULTILINE | re.IGNORECASE)
TAKEN: Final = re.compile(r"(Collecting|Processing|Requirement already satisfied:) (?P<name>\S+)")
NO_NETWORK: Final = re.compile(
    r"NewConnectionError|NameResolutionError|ConnectTimeoutError|ConnectionRefusedError|ReadTimeoutError"
    r"|Network is unreachable|Temporary failure in name resolution|Cannot connect to proxy"
    r"|Connection (refused|reset)"
)
OFFLINE: Final = "No connection to the package index: only the first `make run` and `make test` need one."
STEPS: Final = 10  # lines that tell how far it has come, where they can't overwrite each other


class InstallationError(Exception):
    """The environment can't be made; the message is one sentence that says why."""


def say(line: str) -> None:
    """Tell how far it has come; standard output belongs to the command that needs the environment."""
    print(line, file=sys.stderr, flush=True)


def create(folder: Path) -> None:
    """Make an empty environment with this Python's own pip. Raises: InstallationError."""
    if importlib.util.find_spec("ensurepip") is None:
        raise InstallationError(NO_PIP)
    version = ".".join(map(str, sys.version_info[:3]))
    say(f"Making {folder.name} with Python {version}")
    command = (sys.executable, "-E", "-s", "-m", "venv", "--clear", "--symlinks", str(folder))
    done = subprocess.run(
        command,
        env=without_pip(ours(os.environ)),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        raise InstallationError(f"{folder.name} can't be made: {last_line(done.stdout)}")


def add(python: Path, lock: Path, outer: Mapping[str, str]) -> None:
    """Install what the lock names, and nothing else, with this pip. Raises: InstallationError."""
    folder = python.parents[1]
    total = len(PINNED.findall(lock.read_text(encoding="utf-8")))
    say(f"Installing {lock.stem} into {folder.name} (once; about a minute)")
    try:
        variables = pip_variables(python, outer)
    except IndexSettingsError as error:
        raise InstallationError(f"pip can't read its settings: {error}") from error
    command = (str(python), "-m", "pip", "install", *QUIETLY, *EXACTLY, "-r", str(lock))
    with (
        (folder / LOG).open("w", encoding="utf-8") as log,
        subprocess.Popen(
            command,
            env=variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        ) as pip,
    ):
        progress = Progress(total)
        for line in pip.stdout or ():
            log.write(line)
            log.flush()
            progress.see(line)
        progress.end()
    if pip.returncode:
        raise InstallationError(why(folder / LOG))


class Progress:
    """How many of the packages pip has got at: one line that changes on a terminal, else ten."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._taken = 0
        self._is_terminal = sys.stderr.isatty()

    def see(self, line: str) -> None:
        """Tell what a line of pip's means."""
        if line.startswith("Installing collected packages"):
            self._show("unpacking")
        elif line.startswith("Ignoring "):  # a marker leaves it out here
            self._total -= 1
        elif found := TAKEN.match(line):
            self._taken += 1
            if self._is_terminal or self._taken % max(1, self._total // STEPS) == 0:
                self._show(Path(found["name"]).name.partition("==")[0])

    def end(self) -> None:
        """Leave the line that changed."""
        if self._is_terminal:
            print(file=sys.stderr)

    def _show(self, what: str) -> None:
        line = f"  {self._taken} of {self._total}: {what}"
        if self._is_terminal:
            print(f"\r\033[K{line}", end="", file=sys.stderr, flush=True)
        else:
            say(line)


def why(log: Path) -> str:
    """Return one sentence about why pip failed."""
    text = log.read_text(encoding="utf-8")
    if NO_NETWORK.search(text):
        return OFFLINE
    errors = [line for line in text.splitlines() if line.startswith("ERROR:")] or text.splitlines()[-1:]
    first = errors[0].removeprefix("ERROR:").strip() if errors else "it said nothing"
    return f"The dependencies can't be installed: {first} (all that pip said: {log})"


def try_out(python: Path, lock: Path, outer: Mapping[str, str]) -> None:
    """See that the locked versions are there, fit each other and work. Raises: InstallationError."""
    say("  trying it out")
    probe = Path(__file__).with_name("probe.py")
    for command in ((str(python), "-I", "-m", "pip", "check"), (str(python), "-I", str(probe), str(lock))):
        done = subprocess.run(
            command,
            env={**without_pip(ours(outer)), "PIP_CONFIG_FILE": os.devnull},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            check=False,
        )
        if done.returncode:
            raise InstallationError(f"What was installed doesn't work: {last_line(done.stdout)}")


def last_line(text: str) -> str:
    """Return the last line, which is where programs say what went wrong."""
    return (text.strip().splitlines() or ["without a word"])[-1]
