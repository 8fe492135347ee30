"""Find Node, or install it from PyPI: only `make sdk` needs it."""

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

from local.places import PROJECT

LEAST: Final = 20
ENVIRONMENT: Final = PROJECT / ".venv-sdk"


def node() -> Path:
    """Return the program: the machine's own if it is new enough, else the one of the environment `sdk`."""
    found = shutil.which("node")
    return Path(found) if found and version(found) >= LEAST and shutil.which("npm") else installed()


def npm() -> tuple[str, ...]:
    """Return how npm is called; it comes with Node."""
    program = node()
    if program.is_relative_to(ENVIRONMENT):
        return (str(program.with_name("npm")),)
    return (str(shutil.which("npm")),)


def version(program: str) -> int:
    """Return the major version of a Node."""
    told = subprocess.run((program, "--version"), capture_output=True, text=True, check=True).stdout
    return int(told.strip().removeprefix("v").split(".")[0])


def installed() -> Path:
    """Return Node of the environment `sdk`, which is made first."""
    made = (sys.executable, "-m", "tools.environment", "sdk")
    subprocess.run(made, cwd=PROJECT, check=True)
    return ENVIRONMENT / "bin" / "node"
