"""What operators read and change. Each look and each act goes on record in its own transaction."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Connection, Select, column, func, select, true, update
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.types import BigInteger

from chalicelib.domain.account import UserStatus
from chalicelib.domain.audit import AuditKind
from chalicelib.domain.export import PART_ITEMS, StoredExport
from chalicelib.domain.operators import FOUND_MAX, Changed, FoundPerson, OperatorAct, Order, ShownPerson
from chalicelib.domain.sessions import SessionEnd
from chalicelib.postgres.schema_name import schema_name
from chalicelib.postgres.transactions import Transactions
from chalicelib.stores.export_rows import PagesRow, read_export
from chalicelib.stores.jobs.audit import Act
from chalicelib.stores.jobs.people import PERSON, read_person
from chalicelib.stores.jobs.sessions import end_sessions
from chalicelib.stores.schema import Devices, Identities, Sessions, Users

_LISTS = ("identities", "devices", "biometric_keys", "sessions", "consents", "events")
_SUSPENSION = (UserStatus.ACTIVE, UserStatus.SUSPENDED, AuditKind.ACCOUNT_SUSPENDED)
_REINSTATEMENT = (UserStatus.SUSPENDED, UserStatus.ACTIVE, AuditKind.ACCOUNT_REINSTATED)


class OperatorStore:
    """People, as operators meet them; `now` and `request_id` go on record with the order."""

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions

    def with_email(
        self, indexes: Sequence[bytes], order: Order, *, now: datetime, request_id: str
    ) -> tuple[FoundPerson, ...]:
        """Return the people with this verified address, under any of its indexes; the oldest first."""
        return self._found(Identities.email_index, indexes, order, now, request_id)

    def with_subject(
        self, indexes: Sequence[bytes], order: Order, *, now: datetime, request_id: str
    ) -> tuple[FoundPerson, ...]:
        """Return the person that a provider calls so."""
        return self._found(Identities.subject_index, indexes, order, now, request_id)

    def show(
        self, user_id: UUID, act: OperatorAct, order: Order, *, now: datetime, request_id: str
    ) -> ShownPerson | None:
        """Return a person in any state, the profile still sealed; `act` tells whether it is to be opened."""
        with self._transactions.begin() as connection:
            row = connection.execute(_shown(user_id, now)).first()
            if row is None:
                return None
            _record(Act(connection, now, request_id), order, act, user_id)
        return ShownPerson(
            person=read_person(row),
            status_changed_at=row.status_changed_at,
            providers=tuple(sorted(row.providers or ())),
            devices=row.devices,
            live_sessions=row.live_sessions,
            last_used_at=row.last_used_at,
        )

    def export(
        self, user_id: UUID, part: int, order: Order, *, now: datetime, request_id: str
    ) -> StoredExport | None:
        """Return one part of what is held about a person who is not erased."""
        with self._transactions.begin() as connection:
            row = connection.execute(_exported(user_id, part)).first()
            if row is None:
                return None
            _record(Act(connection, now, request_id), order, OperatorAct.EXPORT, user_id)
        return read_export(PagesRow.read(tuple(row), len(PERSON)), read_person(row))

    def change(
        self, user_id: UUID, act: OperatorAct, order: Order, *, now: datetime, request_id: str
    ) -> Changed | None:
        """Change a person who is not erased, behind their lock: a sign-in in flight is seen."""
        locked = select(Users.status).where(Users.id == user_id).with_for_update()
        with self._transactions.begin() as connection:
            status = connection.execute(locked).scalar_one_or_none()
            if status is None or status is UserStatus.ERASED:
                return None
            acting = _Acting(Act(connection, now, request_id), user_id, status)
            _record(acting.act, order, act, user_id)
            if act is OperatorAct.SUSPEND:
                return acting.set_status(*_SUSPENSION)
            if act is OperatorAct.REINSTATE:
                return acting.set_status(*_REINSTATEMENT)
            ended = acting.end_sessions(SessionEnd.REVOKED)
        return Changed(user_id=user_id, status=status, changed=bool(ended), sessions_ended=ended)

    def _found(
        self,
        index: InstrumentedAttribute[Any],
        indexes: Sequence[bytes],
        order: Order,
        now: datetime,
        request_id: str,
    ) -> tuple[FoundPerson, ...]:
        """Look for people, and record each who was found, or that nobody was."""
        having_it = select(Identities.user_id).where(index.in_(indexes))
        found = (
            select(Users.id, Users.status, Users.created_at, Users.status_changed_at)
            .where(Users.id.in_(having_it))
            .order_by(Users.created_at, Users.id)
            .limit(FOUND_MAX)
        )
        with self._transactions.begin() as connection:
            people = [FoundPerson(**row) for row in connection.execute(found).mappings()]
            act = Act(connection, now, request_id)
            for person in people:
                _record(act, order, OperatorAct.FIND, person.id)
            if not people:
                _record(act, order, OperatorAct.FIND, None)
        return tuple(people)


class _Acting(NamedTuple):
    """A change of a person whose row is locked."""

    act: Act
    user_id: UUID
    status: UserStatus

    def set_status(self, before: UserStatus, after: UserStatus, kind: AuditKind) -> Changed:
        """Bring the person from one status to another, and end their sessions; change nothing otherwise."""
        # whichever it is, from now on it is an operator's word, and no provider's event takes it back
        held = (Identities.user_id == self.user_id, Identities.held_at.is_not(None))
        self._connection.execute(update(Identities).where(*held).values(held_at=None))
        if self.status is not before:
            return Changed(user_id=self.user_id, status=after, changed=False, sessions_ended=0)
        changed = update(Users).where(Users.id == self.user_id)
        self._connection.execute(changed.values(status=after, status_changed_at=self.act.now))
        self.act.record(kind, user_id=self.user_id)
        ended = self.end_sessions(SessionEnd.SUSPENDED)
        return Changed(user_id=self.user_id, status=after, changed=True, sessions_ended=ended)

    def end_sessions(self, reason: SessionEnd) -> int:
        """End all of the person's sessions, locked in the one order in which sessions are locked."""
        live = select(Sessions.id).where(Sessions.user_id == self.user_id, Sessions.ended_at.is_(None))
        return end_sessions(self.act, live.order_by(Sessions.id), reason)

    @property
    def _connection(self) -> Connection:
        return self.act.connection


def _shown(user_id: UUID, now: datetime) -> Select[Any]:
    is_live = (Sessions.ended_at.is_(None), Sessions.expires_at > now, Sessions.idle_expires_at > now)
    providers = select(func.array_agg(Identities.provider)).where(Identities.user_id == Users.id)
    devices = select(func.count(Devices.id)).where(Devices.user_id == Users.id)
    live = select(func.count()).where(Sessions.user_id == Users.id, *is_live)
    last_used_at = select(func.max(Sessions.rotated_at)).where(Sessions.user_id == Users.id)
    return select(
        *PERSON,
        Users.status_changed_at,
        providers.scalar_subquery().label("providers"),
        devices.scalar_subquery().label("devices"),
        live.scalar_subquery().label("live_sessions"),
        last_used_at.scalar_subquery().label("last_used_at"),
    ).where(Users.id == user_id)


def _exported(user_id: UUID, part: int) -> Select[Any]:
    """Select a person and one part of each list, in one statement and so of one moment."""
    pages = (
        getattr(func, schema_name())
        .read_pages(user_id, part, PART_ITEMS)
        .table_valued(
            column("status_changed_at", TIMESTAMP(timezone=True)),
            column("longest", BigInteger),
            *(column(f"{name}_page", JSONB) for name in _LISTS),
        )
    )
    whole: Select[Any] = select(*PERSON, *pages.c).select_from(Users).join(pages, true())
    return whole.where(Users.id == user_id, Users.status != UserStatus.ERASED)


def _record(act: Act, order: Order, done: OperatorAct, user_id: UUID | None) -> None:
    act.record(order.kind(done), user_id=user_id, details=order.details(done))
