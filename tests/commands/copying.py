"""A copy of the project beside this one, in which a developer's commands are typed."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from local.places import PROJECT, make_directory
from tools.environment import MADE_FROM

GIT: Final = ("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
ENVIRONMENT: Final = ".venv"
# What a test run inherits and a developer's shell doesn't have.
INHERITED: Final = ("MAKE", "MFLAGS", "CALLED_BY", "AWS_", "PYTEST_", "COV_", "TEST_RUN")
AS_IT_IS: Final = ("make", "--no-print-directory", "-o", "venv")  # the environment is taken as it is


def copied(folder: Path) -> Path:
    """Return a copy of all that git knows or would add, with this project's environment linked into it."""
    shutil.rmtree(folder, ignore_errors=True)
    listed = subprocess.run(GIT, cwd=PROJECT, capture_output=True, check=True).stdout  # noqa: S603 - our own
    for name in filter(None, listed.decode().split("\0")):
        if (PROJECT / name).exists():
            make_directory((folder / name).parent, 0o755)
            shutil.copy2(PROJECT / name, folder / name, follow_symlinks=False)
    (folder / ENVIRONMENT).mkdir()
    for part in (PROJECT / ENVIRONMENT).iterdir():  # each by itself: nothing can clear the real one
        if part.name != MADE_FROM:
            (folder / ENVIRONMENT / part.name).symlink_to(part)
    made = json.loads((PROJECT / ENVIRONMENT / MADE_FROM).read_text(encoding="utf-8"))
    # complete where it is: nothing is installed into it
    (folder / ENVIRONMENT / MADE_FROM).write_text(
        json.dumps(made | {"folder": str(folder)}), encoding="utf-8"
    )
    return folder


def shell() -> dict[str, str]:
    """Return the environment of a developer's shell."""
    return {name: value for name, value in os.environ.items() if not name.startswith(INHERITED)}


def make(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Type a make command in a folder."""
    return run(folder, (*AS_IT_IS, f"MAKE={' '.join(AS_IT_IS)}", *words))


def run(folder: Path, command: Iterable[str], **more: str) -> subprocess.CompletedProcess[str]:
    """Run a command in a folder, with nothing on its standard input; `more` is added to its environment."""
    return subprocess.run(  # noqa: S603 - our own
        tuple(command),
        cwd=folder,
        env=shell() | more,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
