"""People, as jobs and operators read them."""

from typing import Any

from sqlalchemy import Row

from chalicelib.domain.account import StoredPerson
from chalicelib.stores.schema import Users

PERSON = (
    *(Users.id, Users.status, Users.created_at, Users.key_version),
    *(Users.profile, Users.profile_digest, Users.chosen),
)


def read_person(row: Row[*tuple[Any, ...]]) -> StoredPerson:
    """Return the person of a row that has the columns of `PERSON`."""
    return StoredPerson(
        id=row.id,
        status=row.status,
        created_at=row.created_at,
        key_version=row.key_version,
        profile=row.profile,
        profile_digest=row.profile_digest,
        chosen=row.chosen,
    )
