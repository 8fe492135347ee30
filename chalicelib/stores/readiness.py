"""Whether the database has what this code was written for: its tables, and its functions."""

from typing import Final

from chalicelib.postgres.calls import Call, Row
from chalicelib.stores.database import Database

HEAD: Final = "0014"  # a test holds it against the newest file under alembic/versions


class RevisionRow(Row):
    """The migration that was applied last."""

    revision: str


class FindRevision(Call[RevisionRow], function="find_revision"):
    pass


def is_at_head(database: Database) -> bool:
    """Return whether the newest migration this code knows was applied.

    Raises DependencyUnavailable, also where the functions of this release are missing.
    """
    rows = database.all(FindRevision())
    return bool(rows) and rows[0].revision >= HEAD
