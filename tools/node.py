"""Find Node and npm, or install them from PyPI: only `make sdk` needs them."""

import shutil
import subprocess
import sys
from typing import Final

from local.places import PROJECT

LEAST: Final = 20
PROGRAMS: Final = PROJECT / ".venv-sdk" / "bin"


def node() -> str:
    """Return the program `node`: the machine's own where it is new enough and has npm."""
    return _program("node")


def npm() -> str:
    """Return the program `npm` that comes with `node`."""
    return _program("npm")


def _program(name: str) -> str:
    own, companion = shutil.which("node"), shutil.which("npm")
    if own and companion and _version(own) >= LEAST:
        return own if name == "node" else companion
    made = (sys.executable, "-m", "tools.environment", "sdk")
    subprocess.run(made, cwd=PROJECT, check=True)
    return str(PROGRAMS / name)


def _version(program: str) -> int:
    told = subprocess.run((program, "--version"), capture_output=True, text=True, check=True).stdout
    return int(told.strip().removeprefix("v").split(".")[0])
