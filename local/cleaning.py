"""Remove what the local stack made: its folder in the project, and those outside where there are any."""

import shutil
from pathlib import Path

from local.cluster import end_leftover
from local.memory import memory_folders
from local.places import LOCAL, FileLock, StackError, assert_ours, runtime_folder
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


def free(path: Path) -> None:
    """Check that nobody holds the lock of a cluster. Raises: StackError."""
    lock = FileLock(path)
    if not lock.acquire():
        raise StackError(f"{path.parent} is in use (a test run?): let it finish first")
    lock.release()


def remove(folder: Path) -> None:
    """End servers left behind on data in the folder, and remove it. Raises: StackError."""
    for noted in folder.glob("**/postmaster.pid"):
        end_leftover(noted.parent)
    try:
        shutil.rmtree(folder)
    except OSError as error:
        raise StackError(f"{folder} can't be removed: {error.strerror} ({error.filename})") from error
