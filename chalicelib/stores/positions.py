"""How far this database is, for whoever compares it with the ledger of erasures."""

from uuid import UUID

from chalicelib.domain.erasure import Position
from chalicelib.postgres.calls import Call, Row
from chalicelib.stores.database import Database


class PositionRow(Row):
    """The one row of database_position."""

    lineage: UUID
    epoch: int


class FindPosition(Call[PositionRow], function="find_position"):
    pass


class PositionStore:
    """The database's position."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def position(self) -> Position | None:
        """Return how far the database is; None when the row is missing, which makes nothing ready."""
        rows = self._database.all(FindPosition())
        return Position(lineage=rows[0].lineage, epoch=rows[0].epoch) if rows else None
