"""The export forgets no table and no column that tells of a person: the schema itself is walked (G5)."""

from sqlalchemy import Column, Table

from chalicelib.stores.export_sections import LEFT_OUT, PERSON, SECTIONS
from chalicelib.stores.schema import Schema

SHOWN = {str(column.expression) for section in SECTIONS.values() for column in section.columns} | {
    str(column.expression) for column in PERSON
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


def test_every_column_of_a_table_about_people_is_exported_or_left_out_for_a_reason() -> None:
    forgotten = [str(column) for column in columns() if str(column) not in SHOWN | LEFT_OUT.keys()]
    assert forgotten == [], "show it in stores/export_sections.py, or say there why it is left out"


def test_nothing_is_both_shown_and_left_out() -> None:
    assert SHOWN & LEFT_OUT.keys() == set()


def test_what_is_left_out_exists_and_has_its_reason() -> None:
    known = {str(column) for table in tables() for column in table.columns} | Schema.metadata.tables.keys()
    assert LEFT_OUT.keys() <= known
    assert all(LEFT_OUT.values())
