"""Find the Python that Lambda runs, whatever runs `make`: no other compiles and tries what is deployed."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final

MINOR: Final = 13  # Amazon Linux 2023; AWS supports it until 2029
NAME: Final = f"python3.{MINOR}"  # Lambda's name of the runtime
GLIBC_MINOR: Final = 34  # of Amazon Linux 2023
GIVEN: Final = "LAMBDA_PYTHON"
PROBE: Final = "import sys; print('%d.%d' % sys.version_info[:2])"
MISSING: Final = f"""Python 3.{MINOR} is missing: Lambda runs it, so what is deployed must be compiled by it.
Install it beside your own (`uv python install 3.{MINOR}`, `pyenv install 3.{MINOR}`, `apt install {NAME}`,
`brew install python@3.{MINOR}`), or name it: {GIVEN}=/path/to/{NAME}. `make run` doesn't need it."""


class NoLambdaPython(Exception):
    """There is no Python of Lambda's version on this machine; the message says how to get it."""


@cache
def interpreter() -> Path:
    """Return a Python of Lambda's version. Raises: NoLambdaPython."""
    for candidate in _candidates():
        if candidate.is_file() and _version(candidate) == f"3.{MINOR}":
            return candidate
    raise NoLambdaPython(MISSING)


def _candidates() -> Iterator[Path]:
    """Yield where it may be; a shim of pyenv is among them, and may refuse to start."""
    given = os.environ.get(GIVEN)
    if given:
        yield Path(given)
        return
    if sys.version_info[:2] == (3, MINOR):
        yield Path(sys.executable)
    on_path = shutil.which(NAME)
    if on_path:
        yield Path(on_path)
    homes = (Path.home() / ".pyenv" / "versions", Path.home() / ".local" / "share" / "uv" / "python")
    for home in homes:
        yield from sorted(home.glob(f"*3.{MINOR}.*/bin/{NAME}"), reverse=True)


def _version(candidate: Path) -> str:
    try:
        done = subprocess.run(
            (str(candidate), "-I", "-c", PROBE), capture_output=True, text=True, check=False, timeout=30
        )
    except OSError:
        return ""
    return done.stdout.strip()
