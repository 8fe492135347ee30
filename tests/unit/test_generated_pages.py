"""Pages that are made from code say what the code says now, and so does the table of settings."""

import re
from dataclasses import fields
from pathlib import Path

import pytest

from chalicelib.domain.providers import APPLE, GOOGLE, PROVIDERS
from chalicelib.settings import InvalidSettings, from_environment
from chalicelib.stores.schema import Schema
from local import dev_providers
from local.aws import Resources
from local.stack import environment
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
    sdk_page,
)

SETTINGS = Path(__file__).resolve().parents[2] / "docs" / "settings.md"
SETTING = re.compile(r"^\| `([A-Z_]+)` \| (.*?) \| (its own|yours) \|", re.MULTILINE)


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
        sdk_page,
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


def table() -> list[tuple[str, str, str]]:
    """Return name, default and what `make run` takes, of each setting on the page."""
    found: list[tuple[str, str, str]] = SETTING.findall(SETTINGS.read_text(encoding="utf-8"))
    return found


def test_the_page_names_every_setting_and_which_are_required() -> None:
    asked = Asked()
    with pytest.raises(InvalidSettings) as raised:
        from_environment(asked)
    missing = {fault.partition(":")[0] for fault in raised.value.faults}
    assert {name for name, _, _ in table()} == {name for name in asked.names if is_of_the_page(name)}
    required = {name for name, default, _ in table() if default == "required"}
    assert required == {name for name in missing if is_of_the_page(name)}


def test_the_page_says_which_settings_make_run_takes_from_the_environment() -> None:
    names = [field.name for field in fields(Resources)]
    resources = Resources(**dict.fromkeys(names, "-"))
    url = "http://127.0.0.1"
    providers = dev_providers.settings(url, url)
    made = environment(
        database_url=url, endpoint_url=url, resources=resources, providers=providers, issuer_url=url
    )
    own = made.keys() - {"DATABASE_URL", "AWS_ENDPOINT_URL"}  # which are yours where you give them
    assert {name for name, _, taken in table() if taken == "its own"} == own & {row[0] for row in table()}


def is_of_the_page(name: str) -> bool:
    """Tell whether a setting isn't one of a provider that a deployer added: those have a line for all."""
    added = [each for each in PROVIDERS if each not in {GOOGLE.name, APPLE.name}]
    return not any(name.startswith(f"{each.upper()}_") for each in added)


class Asked(dict[str, str]):
    """An empty environment that remembers what it was asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()

    def get(self, name: str, default: object = None) -> object:  # type: ignore[override] # a test's spy
        self.names.add(name)
        return default
