"""Tell whether the database has the schema that this code was written for."""

from typing import Any

from sqlalchemy import Select, column, select, table

from chalicelib.stores.database import Database

HEAD = "0013"  # a test holds it against the newest file under alembic/versions
_VERSION: Select[Any] = select(column("version_num")).select_from(table("alembic_version"))


def is_at_head(database: Database) -> bool:
    """Return whether the newest migration this code knows was applied. Raises DependencyUnavailable."""
    row = database.row(_VERSION)
    return row is not None and row.version_num >= HEAD
