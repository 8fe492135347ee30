"""The project has a licence, and every package is under one that may be combined with it."""

import tomllib
from hashlib import sha256

from chalicelib.routes.all import ROUTES
from chalicelib.routes.openapi import document
from tools.licences_page import ALLOWED, OWN, PROJECT, TOOLS, deployed, licences, licences_of_tools

STANDARD_TEXT = "cfc7749b96f63bd31c3c42b5c471bf756814053e847c10f3eb003417bc523d30"  # of apache.org


def test_the_licence_is_the_standard_text_and_is_named_everywhere() -> None:
    assert sha256((PROJECT / "LICENSE").read_bytes()).hexdigest() == STANDARD_TEXT
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    described = document(ROUTES, title="x", version="1", server="https://auth.test")["info"]["license"]
    assert project["license"] == described["identifier"] == OWN
    assert project["license-files"] == ["LICENSE"]
    assert f"[{OWN}](LICENSE)" in (PROJECT / "README.md").read_text(encoding="utf-8")
    assert OWN in ALLOWED


def test_a_vulnerability_is_reported_in_private_and_to_no_invented_address() -> None:
    text = (PROJECT / "SECURITY.md").read_text(encoding="utf-8")
    assert "private vulnerability reporting" in text
    assert "@" not in text


def test_every_deployed_package_has_a_licence_on_the_list() -> None:
    refused = {name: found for name, found in licences().items() if not set(found) & ALLOWED.keys()}
    assert refused == {}


def test_no_licence_is_on_the_list_for_nothing() -> None:
    assert {licence for found in licences().values() for licence in found} == set(ALLOWED)


def test_every_package_of_the_lock_is_looked_at() -> None:
    assert {"boto3", "chalice", "psycopg2-binary", "sqlalchemy"} <= set(deployed())


def test_every_tool_that_is_installed_has_a_licence_on_the_lists() -> None:
    found = licences_of_tools()
    assert {"pytest", "mypy", "ruff"} <= found.keys()
    refused = {name: told for name, told in found.items() if not set(told) & (ALLOWED.keys() | TOOLS.keys())}
    assert refused == {}
    assert {each for told in found.values() for each in told} >= set(TOOLS)
