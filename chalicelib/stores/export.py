"""Everything that is held about a person, read part by part."""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from chalicelib.domain.export import StoredExport
from chalicelib.domain.limits import Taking
from chalicelib.stores import limits
from chalicelib.stores.database import Database
from chalicelib.stores.described import described
from chalicelib.stores.export_rows import read_export
from chalicelib.stores.session_rows import read_session

statements = described("export_statements")


class ExportStore:
    """What an export reads."""

    def __init__(self, database: Database) -> None:
        """Take the database."""
        self._database = database

    def export(
        self,
        session_id: UUID,
        *,
        part: int,
        locale: str,
        now: datetime,
        request_id: str,
        place: Taking | None,
    ) -> StoredExport | None:
        """Return one part of what is held about a session's person; None without such a session.

        Only for a live session that got its place are the lists read, and is it recorded; sent twice, it is
        recorded twice.
        """
        parameters = {
            "p_session_id": session_id,
            "p_part": part,
            "p_locale": locale,
            "p_now": now,
            "p_request_id": request_id,
            **limits.parameters(place),
        }
        row = self._database.row(statements.EXPORT, parameters)
        if row is None:
            return None
        return replace(read_export(row, read_session(row)), taken=limits.read_taken(row, place))
