"""Fill the database with people, fast: one real person, copied row by row with ids and indexes of their own.

The copies can't sign in, since nobody knows which subject their index stands for; they are there to be in the
way. Every table and index is the real one.
"""

import os
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from types import MappingProxyType
from typing import Final

from psycopg2 import sql
from psycopg2.extensions import cursor

from local.database import connected

SESSIONS_EACH: Final = 5
RANDOM_BYTES: Final = sql.SQL("sha256(gen_random_uuid()::text::bytea)")
LEFT_OUT: Final = sql.SQL("")  # the table makes it
# table -> its column -> what a copy has instead; `c` is the copy, `o` the original row
COPIED: Mapping[str, Mapping[str, sql.Composable]] = MappingProxyType(
    {
        "users": {"id": sql.SQL("c.user_id")},
        "identities": {
            "id": sql.SQL("gen_random_uuid()"),
            "user_id": sql.SQL("c.user_id"),
            "subject_index": RANDOM_BYTES,
            "email_index": RANDOM_BYTES,
        },
        "devices": {
            "id": sql.SQL("md5(c.user_id::text || o.id::text)::uuid"),
            "user_id": sql.SQL("c.user_id"),
            "device_index": RANDOM_BYTES,
        },
        "sessions": {
            "id": sql.SQL("gen_random_uuid()"),
            "user_id": sql.SQL("c.user_id"),
            "device_id": sql.SQL("md5(c.user_id::text || o.device_id::text)::uuid"),
        },
        "consent_events": {"id": LEFT_OUT, "user_id": sql.SQL("c.user_id")},
        "audit_events": {"id": LEFT_OUT, "user_id": sql.SQL("c.user_id")},
    }
)
BATCH: Final = 20_000
# Of the filling alone: few checkpoints, nobody who vacuums meanwhile, no rows looked up for foreign keys that
# fit by construction, no event told to other services.
WHILE_FILLING: Mapping[str, str] = MappingProxyType(
    {"max_wal_size": "8GB", "checkpoint_timeout": "1h", "autovacuum": "off"}
)
OF_A_FILLER: Final = """
    SET synchronous_commit = off;
    SET session_replication_role = replica;
    SET maintenance_work_mem = '512MB';
"""


def fill(owner_url: str, original: str, people: int) -> None:
    """Bring the database to so many people, each with the sessions of the person `original`.

    Afterwards it is as an old one: analysed, every row known to be visible to all, nothing left to write.
    """
    with connected(owner_url) as connection, connection.cursor() as opened, _hurried(opened):
        opened.execute("SELECT count(*) FROM users")
        ((there,),) = opened.fetchall()
        batches = [min(BATCH, people - begun) for begun in range(there, people, BATCH)]
        with ThreadPoolExecutor(os.cpu_count()) as fillers:  # PostgreSQL works, the threads wait
            list(fillers.map(lambda count: _copy(owner_url, original, count), batches))
            list(fillers.map(lambda table: _settle(owner_url, table), COPIED))
        opened.execute("CHECKPOINT")


@contextmanager
def _hurried(opened: cursor) -> Iterator[None]:
    """Let the server take rows fast, and be itself again afterwards."""
    try:
        for name, value in WHILE_FILLING.items():
            opened.execute(sql.SQL("ALTER SYSTEM SET {} = %s").format(sql.Identifier(name)), [value])
        opened.execute("SELECT pg_reload_conf()")
        yield
    finally:
        for name in WHILE_FILLING:
            opened.execute(sql.SQL("ALTER SYSTEM RESET {}").format(sql.Identifier(name)))
        opened.execute("SELECT pg_reload_conf()")


def _copy(owner_url: str, original: str, count: int) -> None:
    """Add so many people."""
    with connected(owner_url) as connection, connection.cursor() as opened:
        opened.execute(OF_A_FILLER)
        opened.execute(
            "CREATE TEMP TABLE copies AS SELECT gen_random_uuid() AS user_id FROM generate_series(1, %s)",
            [count],
        )
        for table in COPIED:
            _copy_rows(opened, original, table)


def _copy_rows(opened: cursor, original: str, table: str) -> None:
    own, owner = COPIED[table], "id" if table == "users" else "user_id"
    opened.execute(
        "SELECT column_name FROM information_schema.columns"
        " WHERE table_schema = 'public' AND table_name = %s AND is_generated = 'NEVER'",
        [table],
    )
    names = [name for (name,) in opened.fetchall() if own.get(name) is not LEFT_OUT]
    values = [own.get(name, sql.SQL("o.") + sql.Identifier(name)) for name in names]
    opened.execute(
        sql.SQL("INSERT INTO {} ({}) SELECT {} FROM {} o, copies c WHERE o.{} = %s").format(
            sql.Identifier(table),
            sql.SQL(", ").join(map(sql.Identifier, names)),
            sql.SQL(", ").join(values),
            sql.Identifier(table),
            sql.Identifier(owner),
        ),
        [original],
    )


def _settle(owner_url: str, table: str) -> None:
    """Leave a table as it is when it is old."""
    with connected(owner_url) as connection, connection.cursor() as opened:
        opened.execute(OF_A_FILLER)
        opened.execute(sql.SQL("VACUUM (FREEZE, ANALYZE) {}").format(sql.Identifier(table)))
