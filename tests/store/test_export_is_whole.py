"""The export forgets no table and no column that tells of a person: the schema itself is walked (G5)."""

import pytest
from sqlalchemy import Column, Table

from chalicelib.postgres.schema_name import schema_name
from chalicelib.stores.schema import Schema
from tests.world import World

TABLES = {"consents": "consent_events", "events": "audit_events"}  # lists whose tables have other names
PERSON = {
    f"users.{name}" for name in ("id", "status", "status_changed_at", "created_at", "profile", "chosen")
}
_OWNER = "whose row it is: the account's own id"
_INDEX = "a keyed index that finds the row; says nothing that the export does not show"
_INDEX_KEY = "names the key of the indexes and digests"
_DIGEST = "a keyed digest that tells whether the row changed"
# what of a person's rows is not in the export, and why; a test finds the column that is in neither place
LEFT_OUT: dict[str, str] = {
    "users.profile_digest": _DIGEST,
    "users.key_version": "names the key of the ciphertexts",
    "users.index_version": _INDEX_KEY,
    "identities.user_id": _OWNER,
    "identities.subject_index": _INDEX,
    "identities.email_index": _INDEX,
    "identities.held_at": "why the account is suspended, which the events show",
    "identities.refresh_token": "a secret shared with the provider, which ends the consent there",
    "identities.index_version": _INDEX_KEY,
    "revocations": "secrets of identities that ended, until the provider was told, within minutes",
    "outbox": "copies of audit events on their way to other backends; the events are shown",
    "devices.user_id": _OWNER,
    "devices.device_index": _INDEX,
    "devices.index_version": _INDEX_KEY,
    "devices.description_digest": _DIGEST,
    "biometric_keys.user_id": _OWNER,
    "sessions.user_id": _OWNER,
    "sessions.profile": "a copy of account and device that only the phone's refresh token opens",
    "sessions.profile_digest": _DIGEST,
    "consent_events.id": "the place in the history, which the order of the list shows",
    "consent_events.user_id": _OWNER,
    "audit_events.user_id": _OWNER,
    "erasures": "who is erased has no account to export; their receipt shows them their erasure",
    "used_id_tokens": "hashes of sign-in tokens, kept against replay; the sessions they opened are shown",
}


@pytest.fixture
def shown(world: World) -> set[str]:
    """Return the columns in one part of the lists of a person who has some of everything."""
    phone = world.person()
    assert phone.sign_in().status == 200
    world.execute(
        "INSERT INTO biometric_keys (id, user_id, device_id, spki, created_at)"
        " SELECT gen_random_uuid(), user_id, id, 'x', created_at FROM devices"
    )
    pages = f"SELECT to_jsonb(part) FROM {schema_name()}.read_pages(%s, 1, 10) AS part"  # noqa: S608 - ours
    ((part,),) = world.rows(pages, phone.user_id)
    lists = {name.removesuffix("_page"): lines for name, lines in part.items() if name.endswith("_page")}
    return PERSON | {
        f"{TABLES.get(name, name)}.{column}" for name, (line, *_) in lists.items() for column in line
    }


def of_people() -> set[str]:
    """Return the tables that refer to a person: by a column user_id, or by foreign keys however far."""
    found = {"users"} | {table.name for table in tables() if "user_id" in table.columns}
    while True:
        more = {table.name for table in tables() if refers_to(table) & found} | found
        if more == found:
            return found
        found = more


def tables() -> list[Table]:
    return list(Schema.metadata.tables.values())


def refers_to(table: Table) -> set[str]:
    return {key.column.table.name for key in table.foreign_keys}


def columns() -> list[Column[object]]:
    return [
        column for name in of_people() - LEFT_OUT.keys() for column in Schema.metadata.tables[name].columns
    ]


def test_the_walk_finds_tables_that_refer_to_people_directly_and_by_way_of_others() -> None:
    assert {"users", "identities", "devices", "sessions", "consent_events", "audit_events"} <= of_people()
    assert "used_id_tokens" in of_people()
    assert "signing_keys" not in of_people()


def test_every_column_of_a_table_about_people_is_exported_or_left_out_for_a_reason(shown: set[str]) -> None:
    forgotten = [str(column) for column in columns() if str(column) not in shown | LEFT_OUT.keys()]
    assert forgotten == [], "show it in stores/sql/export.sql, or say above why it is left out"


def test_nothing_is_both_shown_and_left_out(shown: set[str]) -> None:
    assert shown & LEFT_OUT.keys() == set()


def test_what_is_left_out_exists_and_has_its_reason() -> None:
    known = {str(column) for table in tables() for column in table.columns} | Schema.metadata.tables.keys()
    assert LEFT_OUT.keys() <= known
    assert all(LEFT_OUT.values())
