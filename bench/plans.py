"""Hold every statement of a request to its indexes: no plan may read a whole table that grows with people.

PostgreSQL itself says what was sent: its log, with `log_statement` on while each kind of request is made.
"""

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from psycopg2 import sql

from local.database import connected

SMALL: Final = frozenset({"consent_documents", "database_position", "service_keys", "signing_keys"})
SCANNED: Final = re.compile(r"Seq Scan on (\w+)")
LOGGED: Final = re.compile(r"^\S+ \S+ \S+ \[\d+\] LOG:  statement: (.*(?:\n\t.*)*)", re.MULTILINE)
EXPLAINED: Final = ("SELECT", "WITH", "INSERT", "UPDATE", "DELETE")


def whole_reads(owner_url: str, log: Path, acts: Iterable[str]) -> Iterator[str]:
    """Yield each act's name with a table that a statement of it reads from end to end."""
    with _logged(owner_url):
        place = log.stat().st_size
        for act in acts:
            with log.open("rb") as lines:
                lines.seek(place)
                told = lines.read()
            place += len(told)
            for statement in LOGGED.findall(told.decode()):
                for table in _read_whole(owner_url, statement.replace("\n\t", "\n")):
                    yield f"{act}: {table}"


def _read_whole(owner_url: str, statement: str) -> set[str]:
    if not statement.lstrip().startswith(EXPLAINED):
        return set()
    with connected(owner_url) as connection, connection.cursor() as cursor:
        cursor.execute("SET log_statement = 'none'")
        cursor.execute("EXPLAIN " + statement)
        plan = "\n".join(line for (line,) in cursor.fetchall())
    return set(SCANNED.findall(plan)) - SMALL


@contextmanager
def _logged(owner_url: str) -> Iterator[None]:
    """Let PostgreSQL log what new connections to this database send."""
    with connected(owner_url) as connection, connection.cursor() as cursor:
        name = sql.Identifier(connection.info.dbname)
        cursor.execute(sql.SQL("ALTER DATABASE {} SET log_statement = 'all'").format(name))
        try:
            yield
        finally:
            cursor.execute(sql.SQL("ALTER DATABASE {} RESET log_statement").format(name))
