"""Seals as rows, and the events they cover."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from chalicelib.domain.audit_events import AuditEvent, canonical_json
from chalicelib.domain.audit_seals import Batch, Seal, SealRecord, microseconds
from chalicelib.domain.id_ranges import Ranges
from chalicelib.stores.database import Database
from chalicelib.stores.described import described
from chalicelib.stores.prepared import Row

statements = described("audit_seal_statements")

ID_MIN, ID_MAX = -(2**63), 2**63 - 1


FIELDS = ("number", "sealed_at", "through_id", "root", "covered", "seal", "leaf_hashes")


class AuditSealStore:
    """The chain of seals in the database."""

    def __init__(self, database: Database) -> None:
        """Take the database."""
        self._database = database

    def head(self) -> SealRecord | None:
        """Return the newest seal."""
        row = self._database.row(statements.HEAD)
        return _record(row) if row else None

    def seals(self, first: int, limit: int) -> tuple[SealRecord, ...]:
        """Return seals from a number on."""
        return tuple(
            map(_record, self._database.rows(statements.SEALS, {"p_first": first, "p_limit": limit}))
        )

    def unsealed(self, head: Seal | None, limit: int, also: Ranges = ()) -> Batch:
        """Return the events that are in no seal up to this one, and those of other ids below it."""
        pending = [(gap.first, gap.last) for gap in head.pending] if head else []
        rows = self._rows((*also, *pending, (head.through + 1 if head else 1, ID_MAX)), limit)
        return Batch(
            events=tuple(map(_event, rows)),
            oldest_xid=rows[0].oldest_xid if rows else 0,
            next_xid=rows[0].next_xid if rows else 0,
            is_whole=len(rows) < limit,
        )

    def events_in(self, ranges: Ranges) -> tuple[AuditEvent, ...]:
        """Return all events whose ids are in these ranges, in order."""
        return tuple(map(_event, self._rows(ranges, ID_MAX)))

    def add(self, seal: Seal, signed: str, leaves: bytes) -> bool:
        """Append a seal, and tell whether this did it: of two at once, one does."""
        return self._database.row(statements.ADD, _row(seal, signed, leaves)) is not None

    def add_together(self, seals: Iterable[tuple[Seal, str, bytes]]) -> None:
        """Append seals, all or none."""
        self._database.all_or_none(statements.ADD, [_row(*each) for each in seals])

    def skip_ids(self, through: int) -> None:
        """Give no event an id up to this one any more."""
        self._database.rows(statements.SKIP_IDS, {"p_through": through})

    def record_joining(self, details: Mapping[str, int], *, now: datetime, request_id: str) -> None:
        """Record that a restored database's seals are joined with the anchored ones."""
        self._database.rows(
            statements.RECORD, {"p_details": details, "p_now": now, "p_request_id": request_id}
        )

    def _rows(self, ranges: Iterable[tuple[int, int]], limit: int) -> Sequence[Row]:
        wanted = json.dumps([{"first": first, "last": last} for first, last in ranges])
        return self._database.rows(statements.EVENTS, {"p_ranges": wanted, "p_limit": limit})


def _row(seal: Seal, signed: str, leaves: bytes) -> dict[str, Any]:
    values = (
        seal.number,
        seal.sealed_at,
        seal.through,
        seal.root,
        [list(each) for each in seal.covered],
        signed,
        leaves,
    )
    return {f"p_{name}": value for name, value in zip(FIELDS, values, strict=True)}


def _event(row: Row) -> AuditEvent:
    return AuditEvent(
        id=row.id,
        occurred_us=None if row.us is None else int(row.us),
        kind=row.kind,
        user_id=row.user_id,
        session_id=row.session_id,
        request_id=row.request_id,
        details=canonical_json(row.details),
    )


def _record(row: Row) -> SealRecord:
    covered = tuple((first, last) for first, last in row.covered)
    return SealRecord(
        number=row.number,
        seal=row.seal,
        leaves=row.leaf_hashes,
        columns=(microseconds(row.sealed_at), row.through_id, row.root, covered),
    )
