"""A PostgreSQL data directory of our own: made once, made again when it no longer fits what will run it."""

import os
import pwd
import secrets
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from local.binaries import Binaries
from local.leftovers import end_leftover
from local.places import ServerUser, StackError, write_private

OWNER: Final = "serenya_owner"  # the superuser of the embedded cluster; the app has a role of its own
NAMELESS: Final = (
    "The user id {uid} has no entry in /etc/passwd, and PostgreSQL's initdb requires one. Add one"
    " (echo 'me:x:{uid}:{uid}::/tmp:/bin/sh' >> /etc/passwd), run as another user,"
    " or set DATABASE_URL to a PostgreSQL that runs elsewhere."
)


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
    uid = user.uid if user else os.geteuid()
    try:
        pwd.getpwuid(uid)
    except KeyError:
        raise ClusterError(NAMELESS.format(uid=uid)) from None
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
