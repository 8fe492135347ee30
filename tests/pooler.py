"""PgBouncer before the tests' PostgreSQL: each transaction may take another connection to the server."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

import psycopg2

from chalicelib.postgres.roles import LOGIN_ROLES
from local.children import HOST, die_with_parent, end, free_port
from local.database import connected
from local.places import make_runtime_folder, server_user, write_private

READERS: Final = "pooler_stats"
START_SECONDS: Final = 30.0
CONFIGURATION: Final = """[databases]
* = host={host} port={server_port}

[pgbouncer]
listen_addr = {host}
listen_port = {port}
unix_socket_dir =
pool_mode = transaction
default_pool_size = 2
max_client_conn = 500
auth_type = scram-sha-256
auth_file = {users}
stats_users = {readers}
logfile = {log}
"""


@contextmanager
def pooled(url: str) -> Iterator[str]:
    """Yield the same URL, through PgBouncer in transaction mode.

    Raises: AssertionError at the end, if nothing went through it.
    """
    place = urlsplit(url)
    password = unquote(place.password or "")
    port = free_port()
    folder = make_runtime_folder() / f"pgbouncer-{port}"
    folder.mkdir()
    users, settings = folder / "users.txt", folder / "pgbouncer.ini"
    known = (*LOGIN_ROLES, READERS)  # all have one password here
    write_private(users, "".join(f'"{role}" "{password}"\n' for role in known))
    write_private(
        settings,
        CONFIGURATION.format(
            host=HOST,
            server_port=place.port,
            port=port,
            users=users,
            readers=READERS,
            log=folder / "pgbouncer.log",
        ),
    )
    through = place._replace(netloc=f"{place.netloc.rpartition('@')[0]}@{HOST}:{port}").geturl()
    with running(folder, settings):
        wait_for(port, password)
        try:
            yield through
            assert transactions(port, password), "nothing went through PgBouncer"
        finally:
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def running(folder: Path, settings: Path) -> Iterator[None]:
    """Run PgBouncer, as the user that PostgreSQL runs as: it refuses to be root."""
    program = shutil.which("pgbouncer", path=f"{os.environ['PATH']}:/usr/sbin")
    assert program, "PgBouncer isn't installed: install the package pgbouncer"
    user = server_user()
    if user:
        for each in (folder, *folder.iterdir()):
            shutil.chown(each, user.uid, user.gid)
    process = subprocess.Popen(  # noqa: S603 - a program of this machine
        [program, str(settings)],
        cwd="/",
        preexec_fn=die_with_parent(signal.SIGTERM),  # noqa: PLW1509 - it makes async-safe calls only
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        **(user.identity() if user else {}),
    )
    try:
        yield
    finally:
        end(process.pid, (signal.SIGINT, 5.0))
        process.wait()


def wait_for(port: int, password: str) -> None:
    """Return when PgBouncer accepts connections."""
    give_up_at = time.monotonic() + START_SECONDS
    while True:
        try:
            transactions(port, password)
        except psycopg2.OperationalError:
            if time.monotonic() > give_up_at:
                raise
            time.sleep(0.05)
        else:
            return


def transactions(port: int, password: str) -> int:
    """Return how many transactions PgBouncer passed on."""
    with (
        connected(f"postgresql://{READERS}:{password}@{HOST}:{port}/pgbouncer") as console,
        console.cursor() as cursor,
    ):
        cursor.execute("SHOW STATS_TOTALS")
        names = [column.name for column in cursor.description or ()]
        return sum(int(row[names.index("xact_count")]) for row in cursor if row[0] != "pgbouncer")
