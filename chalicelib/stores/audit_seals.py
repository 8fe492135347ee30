"""Seals as rows, and the events they cover. Nothing here locks or changes an event: acts go on meanwhile."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BIGINT,
    Select,
    bindparam,
    case,
    cast,
    column,
    func,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import JSONB, TEXT, insert

from chalicelib.domain.audit import AuditKind
from chalicelib.domain.audit_events import AuditEvent, canonical_json
from chalicelib.domain.audit_seals import Batch, Seal, SealRecord, microseconds
from chalicelib.domain.id_ranges import Ranges
from chalicelib.stores.audit import one_event
from chalicelib.stores.database import Database
from chalicelib.stores.parameters import given
from chalicelib.stores.prepared import Row
from chalicelib.stores.schema import AuditEvents, AuditSeals

ID_MIN, ID_MAX = -(2**63), 2**63 - 1
_RANGES = bindparam("p_ranges", type_=TEXT)
_LIMIT = bindparam("p_limit", type_=BIGINT)
_FIELDS = ("number", "sealed_at", "through_id", "root", "covered", "seal", "leaf_hashes")


def _events() -> Select[Any]:
    """Return the events of id ranges, and the snapshot that saw them: one statement, so one snapshot."""
    pairs = func.jsonb_to_recordset(cast(_RANGES, JSONB))
    wanted = pairs.table_valued(column("first", BIGINT), column("last", BIGINT), name="wanted")
    wanted = wanted.render_derived(name="wanted", with_types=True)
    microseconds_since_1970 = func.trunc(func.extract("epoch", AuditEvents.occurred_at) * 1_000_000)
    found = (
        select(
            AuditEvents.id,
            case((func.isfinite(AuditEvents.occurred_at), cast(microseconds_since_1970, TEXT))).label("us"),
            AuditEvents.kind,
            cast(AuditEvents.user_id, TEXT).label("user_id"),
            cast(AuditEvents.session_id, TEXT).label("session_id"),
            AuditEvents.request_id,
            cast(AuditEvents.details, TEXT).label("details"),
        )
        .where(AuditEvents.id.between(wanted.c.first, wanted.c.last))
        .order_by(AuditEvents.id)
        .limit(_LIMIT)
        .correlate(wanted)
        .lateral("found")
    )
    snapshot = func.pg_current_snapshot()
    return (
        select(
            *found.c,
            cast(cast(func.pg_snapshot_xmin(snapshot), TEXT), BIGINT).label("oldest_xid"),
            cast(cast(func.pg_snapshot_xmax(snapshot), TEXT), BIGINT).label("next_xid"),
        )
        .select_from(wanted.join(found, true()))
        .order_by(found.c.id)
        .limit(_LIMIT)
    )


EVENTS = _events()
_SEAL_COLUMNS = tuple(getattr(AuditSeals, name) for name in _FIELDS)
HEAD = select(*_SEAL_COLUMNS).order_by(AuditSeals.number.desc()).limit(1)
SEALS = (
    select(*_SEAL_COLUMNS)
    .where(AuditSeals.number >= bindparam("p_first", type_=BIGINT))
    .order_by(AuditSeals.number)
    .limit(_LIMIT)
)
ADD = (
    insert(AuditSeals)
    .from_select(list(_FIELDS), select(*(given(name, getattr(AuditSeals, name)) for name in _FIELDS)))
    .on_conflict_do_nothing()
    .returning(AuditSeals.number)
)
SKIP_IDS = select(func.skip_audit_ids(bindparam("p_through", type_=BIGINT)))
RECORD = one_event(AuditKind.AUDIT_JOINED)


class AuditSealStore:
    """The chain of seals in the database."""

    def __init__(self, database: Database) -> None:
        """Take the database."""
        self._database = database

    def head(self) -> SealRecord | None:
        """Return the newest seal."""
        row = self._database.row(HEAD)
        return _record(row) if row else None

    def seals(self, first: int, limit: int) -> tuple[SealRecord, ...]:
        """Return seals from a number on."""
        return tuple(map(_record, self._database.rows(SEALS, {"p_first": first, "p_limit": limit})))

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
        return self._database.row(ADD, _row(seal, signed, leaves)) is not None

    def add_together(self, seals: Iterable[tuple[Seal, str, bytes]]) -> None:
        """Append seals, all or none."""
        self._database.all_or_none(ADD, [_row(*each) for each in seals])

    def skip_ids(self, through: int) -> None:
        """Give no event an id up to this one any more."""
        self._database.rows(SKIP_IDS, {"p_through": through})

    def record_joining(self, details: Mapping[str, int], *, now: datetime, request_id: str) -> None:
        """Record that a restored database's seals are joined with the anchored ones."""
        self._database.rows(RECORD, {"p_details": details, "p_now": now, "p_request_id": request_id})

    def _rows(self, ranges: Iterable[tuple[int, int]], limit: int) -> Sequence[Row]:
        wanted = json.dumps([{"first": first, "last": last} for first, last in ranges])
        return self._database.rows(EVENTS, {"p_ranges": wanted, "p_limit": limit})


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
    return {f"p_{name}": value for name, value in zip(_FIELDS, values, strict=True)}


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
