"""What the drill does with databases: dump and restore by PostgreSQL's own programs, and look at rows."""

import os
import subprocess
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from chalicelib.postgres.roles import JOBS_ROLE
from chalicelib.settings import Settings
from local.database import as_another, connected
from local.places import StackError
from local.postgres import EmbeddedPostgres

PATIENCE_SECONDS: Final = 60.0


class DrillError(StackError):
    """A step didn't prove what it should."""


def client(postgres: EmbeddedPostgres, program: str, url: str, *arguments: str) -> None:
    """Run one of PostgreSQL's client programs on a database. Raises: DrillError."""
    parts = urlsplit(url)
    if postgres.binaries is None:
        raise DrillError("PostgreSQL isn't running")
    told = {
        "PGHOST": str(parts.hostname),
        "PGPORT": str(parts.port),
        "PGUSER": unquote(parts.username or ""),
        "PGPASSWORD": unquote(parts.password or ""),  # not in the command line, which others can see
        "PATH": os.defpath,
    }
    command = [str(postgres.binaries.folder / program), f"--dbname={database_of(url)}", *arguments]
    done = subprocess.run(
        command, env=told, capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False
    )
    if done.returncode:
        message = f"{program} failed: {done.stderr.strip()}"
        raise DrillError(message)


def database_of(url: str) -> str:
    """Return the name of a URL's database."""
    return urlsplit(url).path.removeprefix("/")


def rows(settings: Settings, query: str, *parameters: object) -> list[tuple[Any, ...]]:
    """Return rows as jobs see them."""
    with connected(as_another(settings.database_url, JOBS_ROLE)) as connection, connection.cursor() as cursor:
        cursor.execute(query, parameters)
        return list(cursor.fetchall())
