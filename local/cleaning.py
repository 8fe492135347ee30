"""Remove all that `make` made: the folders in the project, and those outside where there are any.

Standard library only: an environment that doesn't work is removed like any other.
"""

import fcntl
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from local.leftovers import end_leftover
from local.memory import memory_folders
from local.places import LOCAL, MADE, PROJECT, FileLock, StackError, assert_ours, runtime_folder
from local.running import stop_run


def clean() -> None:
    """Stop what runs and remove what was made. Raises: StackError when a part is in use or isn't ours."""
    stop_run()
    for path in LOCAL.glob("**/lock"):
        free(path)
    for folder in (LOCAL, runtime_folder(), *memory_folders()):
        if folder.is_symlink() or folder.exists():
            assert_ours(folder)
            remove(folder)


def clean_all() -> None:
    """Remove the environments and caches, too. Raises: StackError."""
    clean()
    descriptor = os.open(PROJECT, os.O_RDONLY)
    try:
        fcntl.flock(
            descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB
        )  # tools/environment.py holds it for each command
    except BlockingIOError:
        raise StackError(
            "A command that was started with make still runs in this folder: let it finish first"
        ) from None
    finally:
        os.close(descriptor)
    for path in leavings():
        path.unlink() if path.is_symlink() or path.is_file() else remove(path)


def leavings() -> Iterator[Path]:
    """Yield what the environments, checks and tests left in the project."""
    yield from (path for name in MADE if (path := PROJECT / name).is_symlink() or path.exists())
    yield from PROJECT.glob(".coverage.*")
    for folder, folders, _ in os.walk(PROJECT):
        yield from (Path(folder, name) for name in folders if name in {"__pycache__", ".terraform"})
        folders[:] = [name for name in folders if name not in {".git", "__pycache__", ".terraform", *MADE}]
    yield from (PROJECT / "infra").glob("**/.terraform.*")


def free(path: Path) -> None:
    """Check that nobody holds the lock of a cluster. Raises: StackError."""
    lock = FileLock(path)
    if not lock.acquire():
        raise StackError(f"{path.parent} is in use (a test run?): let it finish first")
    lock.release()


def remove(folder: Path) -> None:
    """End servers left behind on data in the folder, and remove it."""
    for noted in folder.glob("**/postmaster.pid"):
        end_leftover(noted.parent)
    try:
        shutil.rmtree(folder)
    except OSError as error:  # which names a file without its folder
        blocking = next((path for path in (folder, *folder.rglob("*")) if not is_ours(path)), folder)
        raise OSError(error.errno, error.strerror, str(blocking)) from error


def is_ours(path: Path) -> bool:
    """Tell whether a file belongs to this user."""
    return path.lstat().st_uid == os.geteuid()
