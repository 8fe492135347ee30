"""Where the local stack keeps files, and who may reach them: a folder in the project, few outside.

Standard library only: `make clean` and the making of the environment need it.
"""

import errno
import fcntl
import hashlib
import os
import pwd
import stat
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypedDict

PROJECT: Final = Path(__file__).resolve().parents[1]
LOCAL: Final = PROJECT / ".local"
MADE: Final = (  # all that `make` leaves in the project, and `make clean` removes
    *(".venv", ".venv-infra", ".venv-security", ".venv-sdk", ".local", ".schemathesis"),
    *(f"sdk/typescript/{name}" for name in ("node_modules", "build", "dist")),
    *(".mypy_cache", ".ruff_cache", ".pytest_cache", ".import_linter_cache", ".hypothesis", ".coverage"),
)
PASSABLE: Final = 0o711  # another user may pass through, not list: the files inside guard themselves
OTHERS_CAN_WRITE: Final = stat.S_IWGRP | stat.S_IWOTH


class StackError(Exception):
    """The local stack can't do what was asked; the message tells a developer why."""


class PlaceError(StackError):
    """A folder of the local stack can't be used; the message says which and why."""


def explained(error: OSError) -> str | None:
    """Return one sentence about a file that this user may not change: whose it is, what to do; else None."""
    if error.errno not in {errno.EACCES, errno.EPERM, errno.EROFS}:
        return None
    path = Path(os.fsdecode(error.filename)).absolute() if error.filename else PROJECT
    if error.errno == errno.EROFS:
        return f"{path} can't be written: it is on a read-only file system. Work in a copy of this folder."
    path = next(folder for folder in (path, *path.parents) if seen(folder))
    owner = path.lstat().st_uid
    if owner == os.geteuid():
        return f"{path} can't be written, though it is yours: chmod -R u+rwX '{path}'"
    made = next((folder for folder in (*path.parents, path) if folder.parent == PROJECT), None)
    if made is not None and made.name in MADE:
        whose = f"{path} belongs to {user_name(owner)}"
        return f"{whose}: `sudo make clean` removes it, or take it: {taking(made)}"
    return (
        f"{path} belongs to {user_name(owner)}: work in a copy of this folder, or take it: {taking(PROJECT)}"
    )


def seen(path: Path) -> bool:
    """Tell whether this user can look at the path, whatever it is."""
    try:
        path.lstat()
    except OSError:
        return False
    return True


def taking(path: Path) -> str:
    """Return the command that makes a folder this user's."""
    return f"sudo chown -R {os.geteuid()} '{path}'"


def user_name(uid: int) -> str:
    """Return the name of a user, or the number of one that has none."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user {uid}"


class SubprocessIdentity(TypedDict, total=False):
    """The arguments of `subprocess` that decide as whom a child runs."""

    user: int
    group: int
    extra_groups: list[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerUser:
    """The existing user that PostgreSQL runs as when the stack was started by root."""

    name: str
    uid: int
    gid: int

    def identity(self) -> SubprocessIdentity:
        """Return what makes a subprocess run as this user and no more."""
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    def can_enter(self, directory: Path) -> bool:
        """Tell whether this user can reach the directory, by trying it."""
        command = ["/bin/sh", "-c", 'cd -- "$1"', "sh", str(directory)]
        tried = subprocess.run(command, cwd="/", stderr=subprocess.DEVNULL, check=False, **self.identity())
        return tried.returncode == 0


def server_user() -> ServerUser | None:
    """Return the user to drop to, or None when this process isn't root and needs no other."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return ServerUser(name=name, uid=entry.pw_uid, gid=entry.pw_gid)
    message = "PostgreSQL can't run as root, and neither a user 'postgres' nor 'nobody' exists to run it as"
    raise PlaceError(message)


def make_directory(directory: Path, mode: int = PASSABLE) -> Path:
    """Create the directory and its missing parents with the mode, whatever the umask; keep existing ones."""
    if not directory.is_dir():
        make_directory(directory.parent, mode)
        directory.mkdir(mode)
        directory.chmod(mode)
    return directory


def write_private(path: Path, text: str) -> None:
    """Write a file that only this user can read, from its first byte on."""
    path.unlink(missing_ok=True)
    path.touch(mode=0o600, exist_ok=False)
    path.write_text(text)


def runtime_folder() -> Path:
    """Return the folder for temporary files outside the project, named after it; it may not exist yet."""
    return Path(tempfile.gettempdir()).resolve() / outside_name()


def outside_name() -> str:
    """Return the name of this project's folders outside the project: two checkouts never share one."""
    mark = hashlib.sha256(str(PROJECT).encode()).hexdigest()[:8]
    return f"serenya-auth-{mark}"


def make_runtime_folder() -> Path:
    """Create the runtime folder, or take the existing one if nobody else can have prepared it.

    Raises: PlaceError for a link, another owner's folder, or one (or a parent) that others could change.
    """
    folder = runtime_folder()
    parent = folder.parent.stat()
    if parent.st_mode & OTHERS_CAN_WRITE and not parent.st_mode & stat.S_ISVTX:
        message = f"{folder.parent} lets every user replace the files of others (no sticky bit)"
        raise PlaceError(message)
    try:
        folder.mkdir(PASSABLE)
        folder.chmod(PASSABLE)
    except FileExistsError:
        assert_ours(folder)
    return folder


def assert_ours(folder: Path) -> None:
    """Check that the folder is a real one, made by this user, that nobody else can write to.

    Raises: PlaceError.
    """
    found = folder.lstat()
    if stat.S_ISDIR(found.st_mode) and found.st_uid != os.geteuid():
        whose = f"{folder} belongs to {user_name(found.st_uid)}"
        message = f"{whose}: remove it as that user, or take it: {taking(folder)}"
        raise PlaceError(message)
    if not stat.S_ISDIR(found.st_mode) or found.st_mode & OTHERS_CAN_WRITE:
        message = f"{folder} exists but isn't a private folder of this user: look at it, then remove it"
        raise PlaceError(message)


class FileLock:
    """A lock that the kernel gives back when its holder dies, however it dies."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor: int | None = None

    def acquire(self) -> bool:
        """Take the lock; False when another process, or another lock object, holds it."""
        if self._descriptor is not None:
            return True
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return False
        self._descriptor = descriptor
        return True

    def release(self) -> None:
        """Give the lock back; harmless when it isn't held."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
