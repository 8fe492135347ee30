"""Make the environment that a command needs, then become it: `python -m tools.environment dev -- -m pytest`.

Runs before anything is installed: standard library only. Nothing is resolved: a lock is taken as it is
(docs/decisions/0119-locks-are-taken-as-they-are.md).
"""

import fcntl
import hashlib
import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final

from local.places import PROJECT, FileLock, explained
from local.running import LOCK as RUN_LOCK
from local.running import recorded_run
from local.shell import ours
from tools.installation import LOG, InstallationError, add, create, say, try_out
from tools.package_index import without_how

STANDARD: Final = ".venv"
LEVELS: Final = MappingProxyType(
    {
        "look": (STANDARD, "requirements-run.txt"),  # takes whatever is there, as long as it is complete
        "run": (STANDARD, "requirements-run.txt"),
        "dev": (STANDARD, "requirements-dev.txt"),
        "infra": (".venv-infra", "requirements-infra.txt"),
        "security": (".venv-security", "requirements-security.txt"),
        "sdk": (".venv-sdk", "requirements-sdk.txt"),
    }
)
HELD_BY: Final = MappingProxyType(
    {"requirements-dev.txt": ("requirements-run.txt",)}
)  # who holds all of whom
MADE_FROM: Final = "made-from"  # in the environment, written last: an interrupted installation leaves none
BUILDING: Final = PROJECT / "tools"  # locked by the one that installs
IN_USE: Final = (
    PROJECT  # locked, shared, by each command: a folder outlives every `git pull` and `make clean`
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """What a complete environment was made from."""

    version: str
    executable: str
    folder: str
    locks: Mapping[str, str]


def main(arguments: Sequence[str]) -> int:
    """Leave a complete environment behind, and become the command if one is given."""
    marks = [*arguments, "--"].index("--")
    *named, level = arguments[:marks]
    command = arguments[marks + 1 :]
    outer = dict(os.environ)
    try:
        python = ready(level, outer, named=bool(named))
        if command:
            os.execve(python, [str(python), *command], without_how(ours(outer)))  # noqa: S606 -- no shell
    except KeyboardInterrupt:
        return 130  # as shells do: 128 and the number of SIGINT
    except (InstallationError, OSError) as error:
        sentence = explained(error) if isinstance(error, OSError) else str(error)
        if sentence is None:
            raise
        print(sentence, file=sys.stderr)
        return 1
    return 0


def ready(level: str, outer: Mapping[str, str], *, named: bool) -> Path:
    """Return the interpreter of an environment that is complete and stays while this process lives.

    `named` says that the developer asked for this very Python. Raises: InstallationError.
    """
    folder = PROJECT / LEVELS[level][0]
    in_use = os.open(IN_USE, os.O_RDONLY)
    os.set_inheritable(in_use, True)  # noqa: FBT003 -- the standard library's own; the command that this process becomes goes on holding it
    wait(in_use, fcntl.LOCK_SH)
    if not fits(level, named=named):
        wait(in_use, fcntl.LOCK_UN)
        with locked(BUILDING):
            if not fits(level, named=named):
                make(level, in_use, outer, named=named)
            wait(in_use, fcntl.LOCK_SH)
    return folder / "bin" / "python"


def fits(level: str, *, named: bool) -> bool:
    """Tell whether the environment can be used as it is."""
    name, lock = LEVELS[level]
    made = read(PROJECT / name)
    if made is None or level == "look":
        return made is not None
    return made.locks.get(lock) == digest(lock) and not (named and is_another_python(made))


def make(level: str, in_use: int, outer: Mapping[str, str], *, named: bool) -> None:
    """Make the environment, or add to it what is missing. Raises: InstallationError."""
    name, lock = LEVELS[level]
    folder = PROJECT / name
    made = read(folder)
    reason = outdated(made, named=named)
    if reason:
        if name == STANDARD:
            refuse_in_use(in_use, reason)
        folder.mkdir(exist_ok=True)
        (folder / MADE_FROM).unlink(missing_ok=True)
        (folder / LOG).touch()  # says whose it is, where it is somebody else's
        create(folder)
    locks = {} if made is None or reason else dict(made.locks)
    python = folder / "bin" / "python"
    add(python, PROJECT / lock, outer)
    try_out(python, PROJECT / lock, outer)
    locks |= {each: digest(each) for each in (lock, *HELD_BY.get(lock, ()))}
    now = Made(version=sys.version, executable=os.path.realpath(python), folder=str(PROJECT), locks=locks)
    unfinished = folder / f"{MADE_FROM}.new"
    unfinished.write_text(json.dumps(asdict(now)), encoding="utf-8")
    unfinished.replace(folder / MADE_FROM)
    say("Installed.")


def outdated(made: Made | None, *, named: bool) -> str:
    """Return why the environment must be made anew; empty when it is enough to add to it."""
    if made is None:
        return "isn't complete"
    if named and is_another_python(made):
        return "was made with another Python"
    if any(digest(lock) != known for lock, known in made.locks.items()):
        return "was made from other requirements"
    return ""


def is_another_python(made: Made) -> bool:
    """Tell whether an environment was made with a Python that isn't this one."""
    return (made.version, made.executable) != (sys.version, os.path.realpath(sys.executable))


def read(folder: Path) -> Made | None:
    """Return what an environment was made from; None when it isn't complete, or was moved."""
    try:
        made = Made(**json.loads((folder / MADE_FROM).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None
    python = folder / "bin" / "python"
    is_whole = os.access(python, os.X_OK) and os.path.realpath(python) == made.executable
    return made if is_whole and made.folder == str(PROJECT) else None


def digest(lock: str) -> str:
    """Return the digest of a lock; of a missing one, that of nothing."""
    path = PROJECT / lock
    return hashlib.sha256(path.read_bytes() if path.exists() else b"").hexdigest()


def refuse_in_use(in_use: int, reason: str) -> None:
    """Hold the environment alone. Raises: InstallationError when something runs from it."""
    run = recorded_run()
    stack = FileLock(RUN_LOCK)
    if RUN_LOCK.exists() and not stack.acquire():
        where = f" at {run.url}" if run and run.url else ""
        raise InstallationError(
            f"The stack{where} runs from {STANDARD}, which {reason}. End it with `make stop`, then try again."
        )
    stack.release()
    try:
        fcntl.flock(in_use, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        message = f"Another make command runs from {STANDARD}, which {reason}. Let it end, then try again."
        raise InstallationError(message) from None
    except OSError:
        return  # a file system without locks


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Be the only one who holds the folder while the context lasts."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        wait(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def wait(descriptor: int, kind: int) -> None:
    """Take the lock, and say so if another has to let go first; do without where there are no locks."""
    with suppress(OSError):
        try:
            fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            say("Another make is installing: waiting for it.")
            fcntl.flock(descriptor, kind)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
