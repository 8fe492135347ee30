"""Seals as rows, and the events they cover. Nothing here locks or changes an event: acts go on meanwhile."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import BIGINT, Connection, Row, Select, case, cast, column, func, select, true
from sqlalchemy.dialects.postgresql import JSONB, TEXT, insert

from chalicelib.domain.audit import AuditKind
from chalicelib.domain.audit_events import AuditEvent, canonical_json
from chalicelib.domain.audit_seals import Batch, Seal, SealRecord, microseconds
from chalicelib.domain.id_ranges import Ranges
from chalicelib.postgres.transactions import Transactions
from chalicelib.stores.jobs.audit import Act
from chalicelib.stores.schema import AuditEvents, AuditSeals

ID_MAX = 2**63 - 1
_SEALS: Select[Any] = select(AuditSeals.__table__)


class AuditSealStore:
    """The chain of seals in the database."""

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions

    def head(self) -> SealRecord | None:
        """Return the newest seal."""
        with self._transactions.begin() as connection:
            row = connection.execute(_SEALS.order_by(AuditSeals.number.desc()).limit(1)).first()
        return _record(row) if row else None

    def seals(self, first: int, limit: int) -> tuple[SealRecord, ...]:
        """Return seals from a number on."""
        wanted = _SEALS.where(AuditSeals.number >= first).order_by(AuditSeals.number).limit(limit)
        with self._transactions.begin() as connection:
            return tuple(map(_record, connection.execute(wanted)))

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
        """Append a seal, and return whether this did it: of two at once, one does."""
        with self._transactions.begin() as connection:
            return _add(connection, seal, signed, leaves)

    def add_together(self, seals: Iterable[tuple[Seal, str, bytes]]) -> None:
        """Append seals, all or none."""
        with self._transactions.begin() as connection:
            for each in seals:
                _add(connection, *each)

    def skip_ids(self, through: int) -> None:
        """Give no event an id up to this one any more."""
        with self._transactions.begin() as connection:
            connection.execute(select(func.skip_audit_ids(through)))

    def record_joining(self, details: Mapping[str, int], *, now: datetime, request_id: str) -> None:
        """Record that a restored database's seals are joined with the anchored ones."""
        with self._transactions.begin() as connection:
            Act(connection, now, request_id).record(AuditKind.AUDIT_JOINED, details=details)

    def _rows(self, ranges: Iterable[tuple[int, int]], limit: int) -> Sequence[Row[Any]]:
        with self._transactions.begin() as connection:
            return connection.execute(_events(tuple(ranges), limit)).all()


def _events(ranges: Ranges, limit: int) -> Select[Any]:
    """Return the events of id ranges, and the snapshot that saw them: one statement, so one snapshot.

    Each range is looked up by itself, so that PostgreSQL reads the index and never the whole record.
    """
    pairs = func.jsonb_to_recordset(cast([{"first": first, "last": last} for first, last in ranges], JSONB))
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
        .limit(limit)
        .correlate(wanted)
        .lateral("found")
    )
    snapshot = func.pg_current_snapshot()
    oldest = cast(cast(func.pg_snapshot_xmin(snapshot), TEXT), BIGINT).label("oldest_xid")
    following = cast(cast(func.pg_snapshot_xmax(snapshot), TEXT), BIGINT).label("next_xid")
    events: Select[Any] = select(*found.c, oldest, following).select_from(wanted.join(found, true()))
    return events.order_by(found.c.id).limit(limit)


def _add(connection: Connection, seal: Seal, signed: str, leaves: bytes) -> bool:
    values = {
        "number": seal.number,
        "sealed_at": seal.sealed_at,
        "through_id": seal.through,
        "root": seal.root,
        "covered": [list(each) for each in seal.covered],
        "seal": signed,
        "leaf_hashes": leaves,
    }
    added = insert(AuditSeals).values(values).on_conflict_do_nothing().returning(AuditSeals.number)
    return connection.execute(added).first() is not None


def _event(row: Row[Any]) -> AuditEvent:
    return AuditEvent(
        id=row.id,
        occurred_us=None if row.us is None else int(row.us),
        kind=row.kind,
        user_id=row.user_id,
        session_id=row.session_id,
        request_id=row.request_id,
        details=canonical_json(row.details),
    )


def _record(row: Row[Any]) -> SealRecord:
    covered = tuple((first, last) for first, last in row.covered)
    return SealRecord(
        number=row.number,
        seal=row.seal,
        leaves=bytes(row.leaf_hashes),
        columns=(microseconds(row.sealed_at), row.through_id, row.root, covered),
    )
