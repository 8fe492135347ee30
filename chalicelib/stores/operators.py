"""What operators read and change."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from chalicelib.domain.export import StoredExport
from chalicelib.domain.id_tokens import Provider
from chalicelib.domain.operators import Changed, FoundPerson, OperatorAct, Order, ShownPerson
from chalicelib.stores.database import Database
from chalicelib.stores.described import Statement, described
from chalicelib.stores.export_rows import read_export
from chalicelib.stores.session_rows import read_person

account_statements = described("account_statements")
statements = described("operator_statements")
CHANGES: Mapping[OperatorAct, Statement] = {
    OperatorAct.SUSPEND: statements.SUSPEND,
    OperatorAct.REINSTATE: statements.REINSTATE,
    OperatorAct.END_SESSIONS: statements.END_SESSIONS,
}


class OperatorStore:
    """People, as operators meet them; `now` and `request_id` go on record with the order."""

    def __init__(self, database: Database) -> None:
        """Take the database."""
        self._database = database

    def with_email(
        self, indexes: Sequence[bytes], order: Order, *, now: datetime, request_id: str
    ) -> tuple[FoundPerson, ...]:
        """Return the people with this verified address, under any of its indexes; the oldest first."""
        return self._found(
            statements.FIND_BY_EMAIL, indexes, _told_of(order, OperatorAct.FIND, now, request_id)
        )

    def with_subject(
        self, indexes: Sequence[bytes], order: Order, *, now: datetime, request_id: str
    ) -> tuple[FoundPerson, ...]:
        """Return the person that a provider calls so."""
        return self._found(
            statements.FIND_BY_SUBJECT, indexes, _told_of(order, OperatorAct.FIND, now, request_id)
        )

    def show(
        self, user_id: UUID, act: OperatorAct, order: Order, *, now: datetime, request_id: str
    ) -> ShownPerson | None:
        """Return a person in any state, the profile still sealed; `act` tells whether it is to be opened."""
        row = self._database.row(
            statements.SHOW, {"p_user_id": user_id, **_told_of(order, act, now, request_id)}
        )
        if row is None:
            return None
        return ShownPerson(
            person=read_person(row),
            status_changed_at=row.status_changed_at,
            providers=tuple(sorted(Provider(name) for name in row.providers or ())),
            devices=row.devices,
            live_sessions=row.live_sessions,
            last_used_at=row.last_used_at,
        )

    def export(
        self, user_id: UUID, part: int, order: Order, *, now: datetime, request_id: str
    ) -> StoredExport | None:
        """Return one part of what is held about a person who is not erased."""
        told = _told_of(order, OperatorAct.EXPORT, now, request_id)
        row = self._database.row(statements.EXPORT, {"p_user_id": user_id, "p_part": part, **told})
        return read_export(row, read_person(row)) if row else None

    def change(
        self, user_id: UUID, act: OperatorAct, order: Order, *, now: datetime, request_id: str
    ) -> Changed | None:
        """Change a person who is not erased, behind their lock: a sign-in in flight is seen."""
        parameters = {"p_user_id": user_id, **_told_of(order, act, now, request_id)}
        row = self._database.row_behind(account_statements.LOCK, CHANGES[act], parameters)
        return Changed(**row._asdict()) if row else None

    def _found(
        self, statement: Statement, indexes: Sequence[bytes], told: Mapping[str, Any]
    ) -> tuple[FoundPerson, ...]:
        rows = self._database.rows(statement, {"p_indexes": list(indexes), **told})
        return tuple(FoundPerson(**row._asdict()) for row in rows)


def _told_of(order: Order, act: OperatorAct, now: datetime, request_id: str) -> dict[str, Any]:
    told = {"p_kind": order.kind(act).value, "p_details": order.details(act)}
    return {**told, "p_now": now, "p_request_id": request_id}
