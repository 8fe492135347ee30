"""A RAM disk for data that nobody needs after a crash, where the machine has one with enough room.

Standard library only: `make clean` removes what lies there.
"""

import hashlib
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from local.places import OTHERS_CAN_WRITE, PASSABLE, assert_ours, outside_name

RAM_DISK: Final = Path("/dev/shm")  # noqa: S108 -- each folder in it is checked before it is used
FREE_MIN: Final = 2 << 30  # bytes, on the disk and in memory: a container often has 64 MiB there


def memory_folder(directory: Path) -> Path | None:
    """Return the folder in memory that stands for a directory of the stack, or None without enough room.

    A folder that exists is used again, however little room is left. Raises: PlaceError when it isn't ours.
    """
    folder = _folder(directory)
    if folder.is_symlink() or folder.exists():
        assert_ours(folder)
    elif _has_room():
        folder.mkdir(PASSABLE)
        folder.chmod(PASSABLE)
    else:
        return None
    return folder


def forget(directory: Path) -> None:
    """Remove the folder in memory that stands for the directory; harmless when there is none."""
    shutil.rmtree(_folder(directory), ignore_errors=True)


def memory_folders() -> Iterator[Path]:
    """Yield every folder in memory that this project made."""
    yield from RAM_DISK.glob(f"{outside_name()}-*")


def _folder(directory: Path) -> Path:
    mark = hashlib.sha256(str(directory.absolute()).encode()).hexdigest()[:8]
    return RAM_DISK / f"{outside_name()}-{mark}"  # side by side: no parent that two processes make and remove


def _has_room() -> bool:
    if not RAM_DISK.is_dir():
        return False
    mode = RAM_DISK.stat().st_mode
    if not mode & stat.S_ISVTX or not mode & OTHERS_CAN_WRITE:
        return False
    free = min(shutil.disk_usage(RAM_DISK).free, available())
    return free >= FREE_MIN


def available() -> int:
    """Return how many bytes of memory may be taken; Linux alone has this RAM disk, and tells."""
    for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines():
        name, _, amount = line.partition(":")
        if name == "MemAvailable":
            return int(amount.split()[0]) * 1024
    return 0
