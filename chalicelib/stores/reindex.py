"""People's indexes under another version of the index key: who is behind, and one row after the other moved.

Each change is guarded by what was read, and goes forward only: whoever signs in meanwhile was faster.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Select, Uuid, and_, bindparam, exists, func, literal, select, union_all, update
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import InstrumentedAttribute, aliased

from chalicelib.domain.account import UserStatus
from chalicelib.domain.reindexing import IndexCount, IndexedDevice, IndexedIdentity, IndexedPerson
from chalicelib.stores.database import Database
from chalicelib.stores.index_keys import INDEX_VERSION
from chalicelib.stores.parameters import given
from chalicelib.stores.schema import Devices, Identities, Sessions, Users
from chalicelib.stores.session_rows import DEVICE_COLUMNS, PERSON_COLUMNS, read_device, read_person

COUNT_MAX = timedelta(seconds=50)  # of three walks through whole tables; below the function's minute
_IDS = func.any(bindparam("p_user_ids", type_=ARRAY(Uuid)))
PEOPLE = (
    select(*PERSON_COLUMNS, Users.index_version)
    .where(Users.id > given("after", Users.id), Users.status != UserStatus.ERASED)
    .order_by(Users.id)
    .limit(bindparam("p_limit"))
)
IDENTITIES = select(*Identities.__table__.c).where(
    Identities.user_id == _IDS, Identities.index_version < INDEX_VERSION
)
DEVICES = select(*DEVICE_COLUMNS, Devices.user_id, Devices.device_index, Devices.index_version).where(
    Devices.user_id == _IDS, Devices.index_version < INDEX_VERSION
)


def _move_person() -> Select[Any]:
    """Move a person's digest, and those of the sessions whose copy shows the same."""
    before = given("digest_before", Users.profile_digest)
    person = (
        update(Users)
        .where(
            Users.id == given("user_id", Users.id),
            Users.index_version < INDEX_VERSION,
            Users.profile_digest == before,
            Users.chosen.is_not_distinct_from(given("chosen", Users.chosen)),
        )
        .values(profile_digest=given("digest", Users.profile_digest), index_version=INDEX_VERSION)
        .returning(Users.id)
        .cte("person")
    )
    copies = (
        update(Sessions)
        .where(
            Sessions.user_id == person.c.id,
            Sessions.profile_digest == given("copy_before", Sessions.profile_digest),
        )
        .values(profile_digest=given("copy", Sessions.profile_digest))
        .returning(Sessions.id)
        .cte("copies")
    )
    return select(person.c.id).add_cte(copies)


def _counted(column: InstrumentedAttribute[int], name: str, *conditions: Any) -> Select[Any]:  # noqa: ANN401 - SQLAlchemy's conditions have many types
    columns: tuple[Any, ...] = (literal(name).label("name"), column.label("version"))
    counted: Select[Any] = select(*columns, func.count().label("rows"))
    return counted.where(*conditions).group_by(column)


MOVE_PERSON = _move_person()
MOVE_IDENTITY = (
    update(Identities)
    .where(
        Identities.id == given("identity_id", Identities.id),
        Identities.index_version < INDEX_VERSION,
        Identities.email_index.is_not_distinct_from(given("email_before", Identities.email_index)),
    )
    .values(
        subject_index=given("subject_index", Identities.subject_index),
        email_index=given("email_index", Identities.email_index),
        index_version=INDEX_VERSION,
    )
    .returning(Identities.id)
)
_TWIN = aliased(Devices)
MOVE_DEVICE = (
    update(Devices)
    .where(
        Devices.id == given("device_id", Devices.id),
        Devices.index_version < INDEX_VERSION,
        Devices.description_digest.is_not_distinct_from(given("digest_before", Devices.description_digest)),
        ~exists(
            select(_TWIN.id).where(
                and_(
                    _TWIN.user_id == Devices.user_id,
                    _TWIN.device_index == given("device_index", Devices.device_index),
                )
            )
        ),
    )
    .values(
        device_index=given("device_index", Devices.device_index),
        description_digest=given("digest", Devices.description_digest),
        index_version=INDEX_VERSION,
    )
    .returning(Devices.id)
)
COUNTS = union_all(
    _counted(Users.index_version, "people", Users.status != UserStatus.ERASED),
    _counted(Identities.index_version, "identities"),
    _counted(Devices.index_version, "devices"),
)


class ReindexStore:
    """People, as far as they are indexed."""

    def __init__(self, database: Database) -> None:
        """Take the database."""
        self._database = database

    def page(self, after: UUID, limit: int, version: int) -> tuple[IndexedPerson, ...]:
        """Return the people behind one, by id, with all of them that is behind a version."""
        people = self._database.rows(PEOPLE, {"p_after": after, "p_limit": limit})
        ids = {"p_user_ids": [row.user_id for row in people], "p_index_version": version}
        identities = self._database.rows(IDENTITIES, ids) if people else ()
        devices = self._database.rows(DEVICES, ids) if people else ()
        return tuple(
            IndexedPerson(
                person=read_person(row),
                index_version=row.index_version,
                identities=tuple(_identity(each) for each in identities if each.user_id == row.user_id),
                devices=tuple(_device(each) for each in devices if each.user_id == row.user_id),
            )
            for row in people
        )

    def move_person(self, values: Mapping[str, Any]) -> bool:
        """Replace a person's digest, unless it is another one by now."""
        return self._moved(MOVE_PERSON, values)

    def move_identity(self, values: Mapping[str, Any]) -> bool:
        """Replace an identity's indexes, unless somebody was faster."""
        return self._moved(MOVE_IDENTITY, values)

    def move_device(self, values: Mapping[str, Any]) -> bool:
        """Replace a device's index and digest, unless somebody was faster."""
        return self._moved(MOVE_DEVICE, values)

    def counts(self) -> tuple[IndexCount, ...]:
        """Return how many are indexed under which version, the newest last."""
        rows = self._database.patient_rows(COUNTS, {}, COUNT_MAX)
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

    def _moved(self, statement: Any, values: Mapping[str, Any]) -> bool:  # noqa: ANN401 - a select or an update
        parameters = {f"p_{name}": value for name, value in values.items()}
        return self._database.row(statement, parameters) is not None


def _identity(row: Any) -> IndexedIdentity:  # noqa: ANN401 - a row of IDENTITIES
    return IndexedIdentity(
        id=row.id,
        provider=row.provider,
        subject=row.subject,
        subject_index=row.subject_index,
        email_index=row.email_index,
        index_version=row.index_version,
    )


def _device(row: Any) -> IndexedDevice:  # noqa: ANN401 - a row of DEVICES
    return IndexedDevice(
        stored=read_device(row), device_index=row.device_index, index_version=row.index_version
    )
