"""A PostgreSQL data directory of our own: made once, made again when it no longer fits what will run it."""

import os
import secrets
import shutil
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psutil

from local.binaries import Binaries
from local.children import end
from local.places import ServerUser, StackError, write_private

OWNER: Final = "serenya_owner"  # the superuser of the embedded cluster; the app has a role of its own
FAST: Final = (signal.SIGINT, 10.0)  # postgres(1): disconnect everybody, then a clean shutdown
IMMEDIATE: Final = (signal.SIGQUIT, 5.0)


class ClusterError(StackError):
    """The data directory can't be made or used; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """A data directory, who runs its server, and the owner's password."""

    data: Path
    user: ServerUser | None
    password: str


def prepare_cluster(binaries: Binaries, data: Path, password_file: Path, user: ServerUser | None) -> Cluster:
    """Return the cluster in `data`, made anew unless it fits the binaries and the user.

    Side effects: a server that an earlier run left behind on it is stopped. Raises: ClusterError.
    """
    end_leftover(data)
    if not fits(binaries, data, password_file, user):
        shutil.rmtree(data, ignore_errors=True)
        write_private(password_file, secrets.token_urlsafe(32))
        initialise(binaries, data, password_file.read_text(), user)
    return Cluster(data=data, user=user, password=password_file.read_text())


def fits(binaries: Binaries, data: Path, password_file: Path, user: ServerUser | None) -> bool:
    """Tell whether the directory was made by this major version for this user, and the password is known."""
    try:
        made_by = (data / "PG_VERSION").read_text().strip()
        owned = data.stat().st_uid == (user.uid if user else os.geteuid())
        return owned and made_by == str(binaries.major) and bool(password_file.read_text())
    except OSError:
        return False


def initialise(binaries: Binaries, data: Path, password: str, user: ServerUser | None) -> None:
    """Make the cluster aside, then move it into place: an interrupted attempt is never taken for one."""
    unfinished, secret = data.with_name("data.new"), data.with_name("password.new")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(0o700)
    write_private(secret, password)
    if user:
        os.chown(unfinished, user.uid, user.gid)
        os.chown(secret, user.uid, user.gid)
    command = [
        *(
            str(binaries.folder / "initdb"),
            "--pgdata",
            str(unfinished),
            "--username",
            OWNER,
            "--pwfile",
            str(secret),
        ),
        *("--auth", "scram-sha-256", "--encoding", "UTF8", "--locale", "C"),
    ]
    identity = user.identity() if user else {}
    try:
        subprocess.run(
            command, cwd="/", env=server_environment(), capture_output=True, text=True, check=True, **identity
        )
    except subprocess.CalledProcessError as error:
        message = f"initdb failed: {error.stderr.strip() or error.stdout.strip()}"
        raise ClusterError(message) from error
    finally:
        secret.unlink()
    unfinished.rename(data)


def server_environment() -> dict[str, str]:
    """Return all that a server may know of this process's environment: nothing of the developer's."""
    return {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}


def postmaster(data: Path) -> tuple[int, bool] | None:
    """Return the process id that the server noted in its directory, and whether it accepts connections."""
    try:
        lines = (data / "postmaster.pid").read_text().splitlines()
        return int(lines[0]), lines[7].strip() == "ready" if len(lines) > 7 else False  # noqa: PLR2004 -- line 8
    except (OSError, ValueError, IndexError):
        return None


def end_leftover(data: Path) -> None:
    """End a server that still runs on the data directory, once it is proven to be exactly that."""
    noted = postmaster(data)
    if noted is None:
        return
    try:
        process = psutil.Process(noted[0])
        ours = process.name().startswith("postgres") and Path(process.cwd()).samefile(data)
    except (psutil.Error, OSError):
        return
    if ours:
        end(noted[0], FAST, IMMEDIATE)
