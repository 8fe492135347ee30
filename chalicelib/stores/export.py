"""Everything that is held about a person, read part by part (sql/export.sql)."""

from datetime import datetime
from uuid import UUID

from chalicelib.domain.dpop import Proof
from chalicelib.domain.export import PART_ITEMS, StoredExport
from chalicelib.domain.limits import Taken, Taking
from chalicelib.domain.sessions import Session
from chalicelib.postgres.calls import Call, Row
from chalicelib.stores import limits
from chalicelib.stores.database import Database
from chalicelib.stores.export_rows import PagesRow, read_export
from chalicelib.stores.limits import PlaceParameters
from chalicelib.stores.proofs import ProofParameters, used
from chalicelib.stores.session_rows import SessionRow, read_person, read_session


class ExportedRow(Row):
    """A session in any state, what came of its place, and one part of what is held about its person."""

    own: SessionRow | None
    pages: PagesRow | None
    place_is_taken: bool | None
    place_arrives_at: datetime | None


class ExportAccount(Call[ExportedRow], function="export_account"):
    p_session_id: UUID
    p_part: int
    p_part_items: int
    proof: ProofParameters
    place: PlaceParameters
    p_now: datetime
    p_request_id: str


class ExportStore:
    """What an export reads."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def export(
        self,
        session_id: UUID,
        *,
        part: int,
        proof: Proof | None,
        place: Taking | None,
        now: datetime,
        request_id: str,
    ) -> tuple[Session | None, Taken | None, StoredExport | None]:
        """Return a session in any state, what came of its place, and one part of what is held.

        Only for a live session that got its place are the lists read, and is it recorded; sent twice, it is
        recorded twice.
        """
        row = self._database.one(
            ExportAccount(
                p_session_id=session_id,
                p_part=part,
                p_part_items=PART_ITEMS,
                proof=used(proof),
                place=limits.place(place),
                p_now=now,
                p_request_id=request_id,
            )
        )
        stored = read_export(row.pages, read_person(row.own)) if row.own and row.pages else None
        taken = limits.read_place(row.place_is_taken, row.place_arrives_at)
        return read_session(row.own) if row.own else None, taken, stored
