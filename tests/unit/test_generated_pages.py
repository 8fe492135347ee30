"""Pages that are made from code say what the code says now, and so does the README's table of settings."""

import re
from pathlib import Path

import pytest

from chalicelib.settings import InvalidSettings, from_environment
from chalicelib.stores.schema import Schema
from tools import (
    audit_page,
    decisions_page,
    errors_page,
    export_page,
    faults_page,
    functions_page,
    gateway_responses_page,
    licences_page,
    limits_page,
    performance_page,
    requirements_page,
    retention_page,
    schema_page,
)

README = Path(__file__).resolve().parents[2] / "README.md"
SETTING = re.compile(r"^\| `([A-Z_]+)` \| (.*?) \|", re.MULTILINE)


@pytest.mark.parametrize(
    "tool",
    [
        audit_page,
        decisions_page,
        errors_page,
        export_page,
        faults_page,
        functions_page,
        gateway_responses_page,
        licences_page,
        limits_page,
        performance_page,
        requirements_page,
        retention_page,
        schema_page,
    ],
    ids=lambda tool: tool.PAGE.name,
)
def test_a_generated_page_is_up_to_date(tool: object) -> None:
    page, path = tool.page(), tool.PAGE  # type: ignore[attr-defined] # both modules have the same two names
    assert path.read_text(encoding="utf-8") == page, "stale: run `make docs`"


def test_the_page_of_the_schema_says_what_every_bytea_column_holds() -> None:
    for table in Schema.metadata.tables.values():
        for column in table.columns:
            schema_page.holds(table.name, column)


def test_the_readme_names_every_setting_and_which_are_required() -> None:
    asked = Asked()
    with pytest.raises(InvalidSettings) as raised:
        from_environment(asked)
    missing = {fault.partition(":")[0] for fault in raised.value.faults}
    told = dict(SETTING.findall(README.read_text(encoding="utf-8")))
    assert set(told) == asked.names
    assert {name for name, default in told.items() if default == "required"} == missing


class Asked(dict[str, str]):
    """An empty environment that remembers what it was asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()

    def get(self, name: str, default: object = None) -> object:  # type: ignore[override] # a test's spy
        self.names.add(name)
        return default
