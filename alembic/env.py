"""Run migrations: one at a time, whole or not at all, never waiting long for a lock of the traffic."""

import os
import re
import sys
from contextlib import AbstractContextManager
from pathlib import Path
from urllib.parse import urlsplit

from alembic import context
from sqlalchemy import Connection, text

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from chalicelib.clients.aws import aws_session
from chalicelib.clients.rds_login import RdsLogin
from chalicelib.postgres import release_schema
from chalicelib.postgres.owner_connection import owner_connection, plain_url
from chalicelib.stores.schema import Schema

ADVISORY_LOCK = 7_310_415_519  # any number, the same for ever: two releases must meet at it
LOCK_TIMEOUT = "3s"  # a migration that waits longer blocks everyone behind it
STATEMENT_TIMEOUT = "60s"
RDS_HOST = re.compile(r"[^.]+\.[^.]+\.([a-z0-9-]+)\.rds\.amazonaws\.com")


def database_url() -> str:
    """Return the owner's URL: MIGRATION_DATABASE_URL, or else DATABASE_URL."""
    url = os.environ.get("MIGRATION_DATABASE_URL") or os.environ.get("DATABASE_URL")
    if not url:
        sys.exit("alembic: set MIGRATION_DATABASE_URL (or DATABASE_URL) to the URL of the database's owner")
    try:
        return plain_url(url)
    except ValueError as error:
        sys.exit(f"alembic: the URL of the database {error}")


def rds_login(url: str) -> RdsLogin | None:
    """Return what logs in to RDS by IAM, with the credentials of this shell; None for any other server."""
    place = urlsplit(url)
    region = RDS_HOST.fullmatch(place.hostname or "")
    if place.password or region is None:
        return None
    return RdsLogin(session=aws_session(), region=region[1])


def online() -> AbstractContextManager[Connection]:
    """Return a connection of the owner's."""
    url = database_url()
    return owner_connection(url, rds_login(url))


def migrate(connection: Connection) -> None:
    """Bring the schema to the wanted revision in one transaction, under the advisory lock.

    A migration with an `autocommit_block` commits what ran before it: docs/migrations.md.

    At the newest revision, the functions of this release are made too. On the way to any other, those of all
    releases go first: they were written for tables that may not stay.
    """
    context.configure(
        connection=connection,
        target_metadata=Schema.metadata,
        compare_type=True,
        compare_server_default=True,
        transaction_per_migration=False,
    )
    with context.begin_transaction():
        connection.execute(text(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'"))
        connection.execute(text(f"SET LOCAL statement_timeout = '{STATEMENT_TIMEOUT}'"))
        # The session's, not the transaction's: an autocommit_block ends the transaction in the middle.
        connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": ADVISORY_LOCK})
        if is_moved() and not is_to_head():
            release_schema.drop_all(connection)
        context.run_migrations()
        if is_moved() and is_at_head():
            release_schema.create(connection)
            if (kept := context.config.attributes.get("kept_schemas")) is not None:
                release_schema.drop_unused(connection, kept)


def is_moved() -> bool:
    """Tell whether the command goes to some revision: `upgrade` and `downgrade` do, `check` doesn't."""
    try:
        context.get_revision_argument()
    except KeyError:
        return False
    return True


def is_to_head() -> bool:
    """Tell whether the command names the newest revision."""
    return context.get_revision_argument() == context.get_head_revision()


def is_at_head() -> bool:
    """Tell whether the database is at the newest revision."""
    return context.get_context().get_current_revision() == context.get_head_revision()


if context.is_offline_mode():
    sys.exit("alembic: migrations run against a database; for the SQL, read the files under alembic/versions")

if (given := context.config.attributes.get("connection")) is not None:
    migrate(given)  # the function `migrate` has logged in already
else:
    with online() as connected:
        migrate(connected)
