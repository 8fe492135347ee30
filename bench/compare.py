"""`make bench-compare BASE=<revision>`: what the working tree costs beside a revision, pair by pair.

BASE is checked out into a git worktree of its own, which is removed afterwards. Both measure with the bench
of the working tree: one ruler for both, and BASE may be older than it. local/ is each revision's own, since
it brings up what that revision needs; so BASE must have a local/ that this bench can use, and is refused
otherwise. The installed packages are the same for both.

Every measurement is a process of its own with one container, and they take turns: base, tree, base, tree.
Where the ratios of the pairs lie on both sides of 1, it says "no difference"; that eight of eight lie on one
side by chance happens once in 128 times.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Self

from bench.pairs import Figures, Pairs, paired, table
from bench.parts import HOME
from local.command_line import CommandLine, whole_number
from local.places import PROJECT

PAIRS: Final = 8
PEOPLE: Final = 60
WORKTREE: Final = HOME / "base"


class NotComparable(Exception):
    """A revision can't be measured; the message says why."""


class Contender:
    """A revision's side, in its root; a context manager that ends it."""

    def __init__(self, root: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bench.contender"],
            cwd=root,
            env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._root = root

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()  # the end of its lines is its end

    def ready(self) -> None:
        """Wait until its parts are up. Raises: NotComparable."""
        self._answer()

    def measure(self, people: int) -> Figures:
        """Return milliseconds of CPU by operation, of a fresh container. Raises: NotComparable."""
        if self._process.stdin is not None:
            self._process.stdin.write(f"{people}\n")
            self._process.stdin.flush()
        return self._answer()

    def _answer(self) -> Figures:
        line = self._process.stdout.readline() if self._process.stdout else ""
        if not line:
            raise NotComparable(f"{self._root} can't be measured by this bench; it says why above")
        figures: Figures = json.loads(line)
        return figures


def main(arguments: Sequence[str]) -> int:
    """Compare, and print the table."""
    parser = CommandLine(prog="make bench-compare", description=__doc__)
    parser.add_argument("--base", required=True, help="a revision of git")
    parser.add_argument("--pairs", type=whole_number(), default=PAIRS)
    parser.add_argument("--people", type=whole_number(), default=PEOPLE, help="that each container serves")
    options = parser.parse_args(arguments)
    try:
        with worktree(options.base, WORKTREE) as base:
            found = compared(base, PROJECT, options.pairs, options.people)
    except NotComparable as error:
        sys.exit(str(error))
    title = f"CPU s/1000 of {options.pairs} pairs, {options.people} people each"
    sys.stdout.write(table(found, title, options.base[:12], "working tree") + "\n")
    return 0


def compared(base: Path, tree: Path, pairs: int, people: int) -> tuple[Pairs, ...]:
    """Return how the project in one folder compares with that in another. Raises: NotComparable."""
    with Contender(base) as former, Contender(tree) as latter:
        former.ready()
        latter.ready()
        turns = [(former.measure(people), latter.measure(people)) for _ in range(pairs)]
    return paired([before for before, _ in turns], [after for _, after in turns])


@contextmanager
def worktree(revision: str, folder: Path) -> Iterator[Path]:
    """Check a revision out, give it this bench, and remove it afterwards. Raises: NotComparable."""
    _remove(folder)  # of a comparison that was killed
    _git("worktree", "add", "--quiet", "--detach", str(folder), revision)
    try:
        shutil.rmtree(folder / "bench", ignore_errors=True)
        shutil.copytree(PROJECT / "bench", folder / "bench", ignore=shutil.ignore_patterns("__pycache__"))
        yield folder
    finally:
        _remove(folder)


def _remove(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    _git("worktree", "prune")


def _git(*arguments: str) -> None:
    command = (shutil.which("git") or "git", *arguments)
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)  # noqa: S603 - our own
    if done.returncode:
        raise NotComparable(done.stderr.strip())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
