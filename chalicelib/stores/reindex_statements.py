"""The statements that find people behind a version of the index key, and move one row after the other.

Each change is guarded by what was read, and goes forward only: whoever signs in meanwhile was faster.
"""

from typing import Any

from sqlalchemy import Select, Uuid, and_, bindparam, exists, func, literal, select, union_all, update
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import InstrumentedAttribute, aliased

from chalicelib.domain.account import UserStatus
from chalicelib.stores.index_keys import INDEX_VERSION
from chalicelib.stores.parameters import given
from chalicelib.stores.schema import Devices, Identities, Sessions, Users
from chalicelib.stores.session_columns import DEVICE_COLUMNS, PERSON_COLUMNS

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
