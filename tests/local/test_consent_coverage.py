"""What docs/consent.md shows is what really happens: the coverage as a table, the receipt verified."""

import json
import re
from typing import Any

import pytest

import app
from chalicelib.domain.consents import NoSuchDocument
from local.invoke import coverage_table
from local.places import PROJECT
from tests.consenting import AI, TERMS, answer, publish, withdraw
from tests.first_texts import no, yes
from tests.world import Phone, World

PAGE = (PROJECT / "docs" / "consent.md").read_text(encoding="utf-8")
BLOCKS: list[tuple[str, str]] = re.findall(r"^```(\w+)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def block(kind: str, beginning: str) -> str:
    return next(text for language, text in BLOCKS if language == kind and text.startswith(beginning))


@pytest.fixture
def people(world: World, monkeypatch: pytest.MonkeyPatch) -> list[Phone]:
    """Four people with answers of their own; the functions of the app work on their database."""
    monkeypatch.setattr("chalicelib.wiring.settings", lambda: world.settings)
    phones = [world.person(f"{name}@example.com") for name in ("ana", "ben", "eva", "leo")]
    for phone in phones:
        phone.sign_in()
    answer(phones[0], yes(AI))
    answer(phones[1], no(AI))
    withdraw(phones[3], TERMS)
    return phones


def invoked(**event: str) -> dict[str, Any]:
    """Return what the function answers, through JSON as Lambda does."""
    return dict(json.loads(json.dumps(app.consent_coverage(event, None))))


@pytest.mark.usefixtures("people")
def test_the_table_for_operators_is_the_one_that_is_documented() -> None:
    command, _, table = block("text", "$ make consents").partition("\n")
    assert command == f"$ make consents DOCUMENT={TERMS} VERSION=2.0"
    assert coverage_table(invoked(document=TERMS, version="2.0")) == table.rstrip("\n")


@pytest.mark.usefixtures("people")
def test_without_a_question_only_what_is_now_is_counted() -> None:
    answered = invoked()
    assert (answered["people"], answered["narrowed"], answered["would_be_narrowed"]) == (4, 1, 0)
    assert {row["document"] for row in answered["standings"]} >= {AI, TERMS}
    assert not [planted for planted in ("ana", "example.com") if planted in json.dumps(answered)]


@pytest.mark.usefixtures("people")
@pytest.mark.parametrize("version", ["2", "v2.0", "", "2.0 "])
def test_a_version_that_none_can_have_is_refused_instead_of_counted(version: str) -> None:
    with pytest.raises(NoSuchDocument, match="a version reads like"):
        invoked(document=TERMS, version=version)


def test_the_documented_snippet_verifies_a_receipt_and_nothing_else(
    world: World, people: list[Phone]
) -> None:
    names: dict[str, Any] = {}
    exec(block("python", "import jwt"), names)  # noqa: S102 - our own page
    jwks = world.call("GET", "/.well-known/jwks.json").body
    receipt = people[0].get("/consents/receipt").body["receipt"]
    said = names["verify"](receipt, world.settings.issuer_url, jwks)
    assert said["piiPrincipalId"] == people[0].user_id
    with pytest.raises(ValueError, match="something else"):
        names["verify"](people[0].access_token, world.settings.issuer_url, jwks)
    with pytest.raises(names["jwt"].InvalidTokenError):
        names["verify"](receipt, "https://elsewhere.test", jwks)


def test_the_documented_request_widens(world: World, people: list[Phone]) -> None:
    publish(world, TERMS, "2.0")
    people[0].refresh()
    body = json.loads(block("json", '{"consents"'))
    reply = world.call("POST", "/consents", body, token=people[0].access_token)
    assert (reply.status, reply.body["consents_missing"]) == (200, [])


def test_the_scopes_are_declared_where_the_page_says() -> None:
    path = "chalicelib/domain/consents.py"
    assert path in PAGE
    source = (PROJECT / path).read_text(encoding="utf-8")
    assert all(name in source for name in ("ALWAYS_OPEN", "OPENED_BY_REQUIRED", "OPENED_BY_OPTIONAL"))
