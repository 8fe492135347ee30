"""People's indexes under another version of the index key.

Each change is guarded by what was read, and goes forward only: whoever signs in meanwhile was faster.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, Select, Update, exists, func, literal, select, union_all, update
from sqlalchemy.orm import InstrumentedAttribute, aliased

from chalicelib.domain.account import UserStatus
from chalicelib.domain.devices import StoredDevice
from chalicelib.domain.reindexing import IndexCount, IndexedDevice, IndexedIdentity, IndexedPerson
from chalicelib.postgres.transactions import Transactions
from chalicelib.stores.jobs.people import PERSON, read_person
from chalicelib.stores.schema import Devices, Identities, Sessions, Users

COUNT_MAX = timedelta(seconds=50)  # of three walks through whole tables; below the function's minute


class ReindexStore:
    """People, as far as they are indexed."""

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions

    def page(self, after: UUID, limit: int, version: int) -> tuple[IndexedPerson, ...]:
        """Return the people behind one, by id, with all of them that is behind a version."""
        people = (
            select(*PERSON, Users.index_version)
            .where(Users.id > after, Users.status != UserStatus.ERASED)
            .order_by(Users.id)
            .limit(limit)
        )
        with self._transactions.begin() as connection:
            rows = connection.execute(people).all()
            ids = [row.id for row in rows]
            identities = _behind(connection, Identities, ids, version)
            devices = _behind(connection, Devices, ids, version)
        return tuple(
            IndexedPerson(
                person=read_person(row),
                index_version=row.index_version,
                identities=tuple(_identity(each) for each in identities if each.user_id == row.id),
                devices=tuple(_device(each) for each in devices if each.user_id == row.id),
            )
            for row in rows
        )

    def move_person(self, values: Mapping[str, Any]) -> bool:
        """Replace a person's digest, and those of the sessions whose copy shows the same.

        False when the digest is another one by now.
        """
        person = (
            update(Users)
            .where(
                Users.id == values["user_id"],
                Users.index_version < values["index_version"],
                Users.profile_digest == values["digest_before"],
                Users.chosen.is_not_distinct_from(values["chosen"]),
            )
            .values(profile_digest=values["digest"], index_version=values["index_version"])
        )
        copies = (
            update(Sessions)
            .where(Sessions.user_id == values["user_id"], Sessions.profile_digest == values["copy_before"])
            .values(profile_digest=values["copy"])
        )
        with self._transactions.begin() as connection:
            if not connection.execute(person).rowcount:
                return False
            connection.execute(copies)
        return True

    def move_identity(self, values: Mapping[str, Any]) -> bool:
        """Replace an identity's indexes, unless somebody was faster."""
        return self._moved(
            update(Identities)
            .where(
                Identities.id == values["identity_id"],
                Identities.index_version < values["index_version"],
                Identities.email_index.is_not_distinct_from(values["email_before"]),
            )
            .values(
                subject_index=values["subject_index"],
                email_index=values["email_index"],
                index_version=values["index_version"],
            )
        )

    def move_device(self, values: Mapping[str, Any]) -> bool:
        """Replace a device's index and digest, unless somebody was faster."""
        twin = aliased(Devices)
        has_twin = exists().where(
            twin.user_id == Devices.user_id, twin.device_index == values["device_index"]
        )
        return self._moved(
            update(Devices)
            .where(
                Devices.id == values["device_id"],
                Devices.index_version < values["index_version"],
                Devices.description_digest.is_not_distinct_from(values["digest_before"]),
                ~has_twin,
            )
            .values(
                device_index=values["device_index"],
                description_digest=values["digest"],
                index_version=values["index_version"],
            )
        )

    def counts(self) -> tuple[IndexCount, ...]:
        """Return how many are indexed under which version, the newest last."""
        counted = union_all(
            _counted(Users.index_version, "people").where(Users.status != UserStatus.ERASED),
            _counted(Identities.index_version, "identities"),
            _counted(Devices.index_version, "devices"),
        )
        with self._transactions.begin(longest=COUNT_MAX) as connection:
            rows = connection.execute(counted).all()
        found = {(row.name, row.version): row.rows for row in rows}
        return tuple(
            IndexCount(
                version=version,
                people=found.get(("people", version), 0),
                identities=found.get(("identities", version), 0),
                devices=found.get(("devices", version), 0),
            )
            for version in sorted({row.version for row in rows})
        )

    def _moved(self, statement: Update) -> bool:
        with self._transactions.begin() as connection:
            return bool(connection.execute(statement).rowcount)


def _behind(
    connection: Connection, table: type[Identities] | type[Devices], ids: list[UUID], version: int
) -> list[Row[Any]]:
    rows = select(table.__table__).where(table.user_id.in_(ids), table.index_version < version)
    return list(connection.execute(rows)) if ids else []


def _counted(column: InstrumentedAttribute[int], name: str) -> Select[str, int, int]:
    columns = (literal(name).label("name"), column.label("version"), func.count().label("rows"))
    return select(*columns).group_by(column)


def _identity(row: Row[Any]) -> IndexedIdentity:
    return IndexedIdentity(
        id=row.id,
        provider=row.provider,
        subject=row.subject,
        subject_index=row.subject_index,
        email_index=row.email_index,
        index_version=row.index_version,
    )


def _device(row: Row[Any]) -> IndexedDevice:
    stored = StoredDevice(
        id=row.id,
        platform=row.platform,
        description=row.description,
        description_digest=row.description_digest,
        first_seen_at=row.created_at,
    )
    return IndexedDevice(stored=stored, device_index=row.device_index, index_version=row.index_version)
