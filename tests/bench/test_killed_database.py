"""PostgreSQL is killed in the middle of a bench: it goes on, loses nothing that was answered, and says so."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import psutil
import psycopg2
from psycopg2.extensions import make_dsn

from local.children import HOST
from local.cluster import OWNER
from local.database import connected
from local.places import PROJECT
from tests.conftest import RUN

HOME = RUN / "bench-killed"
FIGURES = HOME / "figures.json"
PATIENCE_SECONDS = 120.0
IN_THE_MIDDLE = 20  # of 300 refreshes
COMMAND = (
    *(sys.executable, "-m", "bench", "--people", "30", "--containers", "2", "--cold", "0", "--growth"),
    *("--home", str(HOME), "--json", str(FIGURES)),
)


def postmaster(bench: psutil.Process) -> psutil.Process | None:
    """Return the server that the bench started, if it has."""
    servers = [one for one in bench.children() if one.name() == "postgres"]
    return servers[0] if servers else None


def refreshes(server: psutil.Process) -> int:
    """Return how many refreshes the bench's database has; none while it isn't there."""
    command = server.cmdline()
    port = command[command.index("-p") + 1]
    password = (HOME / "postgres" / "password").read_text()
    dsn = make_dsn(host=HOST, port=port, user=OWNER, password=password, dbname="postgres")
    with connected(dsn) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT datname FROM pg_database WHERE datname LIKE 'bench_%'")
        names = [name for (name,) in cursor.fetchall()]
    if len(names) != 1:
        return 0  # not made yet, or another run's is still there
    with connected(make_dsn(dsn, dbname=names[0])) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM audit_events WHERE kind = 'session.refreshed'")
        return int(cursor.fetchall()[0][0])


def kill_in_the_middle(bench: psutil.Process) -> None:
    """Kill the server's first process, and nothing else, once some refreshes were answered."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        try:
            server = postmaster(bench)
            if server is not None and refreshes(server) >= IN_THE_MIDDLE:
                server.kill()
                return
        except (psycopg2.Error, OSError, IndexError, psutil.NoSuchProcess):
            pass  # it is being made
        time.sleep(0.02)
    raise TimeoutError


def test_killing_postgresql_in_the_middle_of_a_bench_loses_nothing_that_was_answered() -> None:  # F-3, F-5
    FIGURES.unlink(missing_ok=True)
    with subprocess.Popen(  # noqa: S603 - our own
        COMMAND, cwd=PROJECT, env=os.environ.copy(), stdout=subprocess.PIPE, text=True
    ) as bench:
        try:
            kill_in_the_middle(psutil.Process(bench.pid))
            said, _ = bench.communicate(timeout=PATIENCE_SECONDS)
        finally:
            bench.terminate()
    assert bench.returncode == 0, said
    assert "PostgreSQL was killed once" in said
    assert "Nothing that was answered was lost." in said
    told = json.loads(Path(FIGURES).read_text())
    assert told["lost"] == []
    assert len(told["outages_seconds"]) == 1
    asked_again = [one["unavailable"] for run in told["runs"].values() for one in run["operations"]]
    assert sum(asked_again) > 0  # somebody noticed
