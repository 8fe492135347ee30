"""Tell whether the database has the schema that this code was written for."""

from chalicelib.stores.database import Database
from chalicelib.stores.described import described

statements = described("migration_statements")

HEAD = "0013"  # a test holds it against the newest file under alembic/versions


def is_at_head(database: Database) -> bool:
    """Return whether the newest migration this code knows was applied. Raises DependencyUnavailable."""
    row = database.row(statements.VERSION)
    return row is not None and row.version_num >= HEAD
