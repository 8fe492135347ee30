"""People's indexes under another version of the index key."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from chalicelib.domain.reindexing import IndexCount, IndexedDevice, IndexedIdentity, IndexedPerson
from chalicelib.stores.database import Database
from chalicelib.stores.described import described
from chalicelib.stores.session_rows import read_device, read_person

statements = described("reindex_statements")

COUNT_MAX = timedelta(seconds=50)  # of three walks through whole tables; below the function's minute


class ReindexStore:
    """People, as far as they are indexed."""

    def __init__(self, database: Database) -> None:
        """Take the database."""
        self._database = database

    def page(self, after: UUID, limit: int, version: int) -> tuple[IndexedPerson, ...]:
        """Return the people behind one, by id, with all of them that is behind a version."""
        people = self._database.rows(statements.PEOPLE, {"p_after": after, "p_limit": limit})
        ids = {"p_user_ids": [row.user_id for row in people], "p_index_version": version}
        identities = self._database.rows(statements.IDENTITIES, ids) if people else ()
        devices = self._database.rows(statements.DEVICES, ids) if people else ()
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
        return self._moved(statements.MOVE_PERSON, values)

    def move_identity(self, values: Mapping[str, Any]) -> bool:
        """Replace an identity's indexes, unless somebody was faster."""
        return self._moved(statements.MOVE_IDENTITY, values)

    def move_device(self, values: Mapping[str, Any]) -> bool:
        """Replace a device's index and digest, unless somebody was faster."""
        return self._moved(statements.MOVE_DEVICE, values)

    def counts(self) -> tuple[IndexCount, ...]:
        """Return how many are indexed under which version, the newest last."""
        rows = self._database.patient_rows(statements.COUNTS, {}, COUNT_MAX)
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
