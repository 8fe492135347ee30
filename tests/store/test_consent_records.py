"""What keeps texts and answers as they are: the release's step, grants, triggers (GDPR art. 7(1))."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import psycopg2
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from chalicelib.clients.documents import load_documents
from chalicelib.domain.errors import DependencyUnavailable
from chalicelib.services.publishing import PublishedTextChanged
from tests.consenting import AI, TERMS, answer, publishing, texts
from tests.first_texts import shipped, yes
from tests.world import Phone, World

STATEMENTS = (
    "UPDATE {table} SET sha256 = sha256",
    "UPDATE {table} SET version = '0.1'",
    "DELETE FROM {table}",
    "TRUNCATE {table} CASCADE",
)
TABLES = ("consent_events", "consent_documents")


@pytest.fixture
def ana(world: World) -> Iterator[Phone]:
    phone = world.person()
    phone.sign_in()
    answer(phone, yes(AI))
    before = world.rows("SELECT * FROM consent_events"), world.rows("SELECT * FROM consent_documents")
    yield phone
    assert before == (
        world.rows("SELECT * FROM consent_events"),
        world.rows("SELECT * FROM consent_documents"),
    )


def as_app(world: World, statement: str) -> None:
    with world.database.transactions.begin() as connection:
        connection.execute(text(statement))


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("statement", STATEMENTS)
@pytest.mark.usefixtures("ana")
def test_the_role_of_the_app_can_not_change_what_is_recorded(
    world: World, table: str, statement: str
) -> None:
    with pytest.raises(DependencyUnavailable) as refused:
        as_app(world, statement.format(table=table))
    assert isinstance(refused.value.__cause__, psycopg2.errors.InsufficientPrivilege)


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("statement", STATEMENTS)
@pytest.mark.usefixtures("ana")
def test_neither_can_the_owner(world: World, table: str, statement: str) -> None:
    with pytest.raises(psycopg2.errors.InsufficientPrivilege, match="never changed or deleted"):
        world.execute(statement.format(table=table))


@pytest.mark.usefixtures("ana")
def test_the_role_of_the_app_publishes_nothing(world: World) -> None:
    with pytest.raises(DependencyUnavailable) as refused:
        as_app(world, "INSERT INTO consent_documents SELECT * FROM consent_documents")
    assert isinstance(refused.value.__cause__, psycopg2.errors.InsufficientPrivilege)


@pytest.mark.usefixtures("ana")
def test_the_role_of_the_app_can_not_forge_the_order_of_history(world: World) -> None:
    columns = "user_id, kind, version, locale, sha256, action, method, app_version, session_id, occurred_at"
    forged = f"INSERT INTO consent_events (id, {columns}) SELECT -1, {columns} FROM consent_events LIMIT 1"  # noqa: S608 - our own names
    with pytest.raises(DBAPIError) as refused:
        as_app(world, forged)
    assert isinstance(refused.value.orig, psycopg2.errors.GeneratedAlways)


@pytest.mark.usefixtures("ana")
def test_nobody_can_answer_to_words_that_were_never_published(world: World) -> None:
    columns = "user_id, kind, locale, sha256, action, method, app_version, session_id, occurred_at"
    source = f"SELECT '9.9', {columns} FROM consent_events LIMIT 1"  # noqa: S608 - our own names
    with pytest.raises(psycopg2.errors.ForeignKeyViolation):
        world.execute(f"INSERT INTO consent_events (version, {columns}) {source}")


def test_publishing_what_ships_again_adds_nothing(world: World) -> None:
    before = world.stored()
    with publishing(world) as step:
        step.publish(load_documents(), "test")
    assert world.stored() == before


def test_publishing_a_version_adds_its_texts_each_with_its_record(world: World) -> None:
    before = world.stored()
    with publishing(world) as step:
        step.publish(texts(TERMS, "2.0", world.clock.now()), "release-7")
    after = world.stored()
    assert after["consent_documents"] - before["consent_documents"] == 2
    said = "SELECT details->>'version', details->>'locale' FROM audit_events"
    records = world.rows(f"{said} WHERE request_id = 'release-7' ORDER BY 2")
    assert records == [("2.0", "en"), ("2.0", "es")]


@pytest.mark.parametrize(
    "change",
    [
        {"text": "Other words.\n", "sha256": "0" * 64},
        {"text": "Other words.\n"},
        {"sha256": "0" * 64},
        {"required": False},
        {"grace": timedelta(days=31)},
        {"legal_basis": "GDPR art. 6(1)(f)"},
        {"purpose": "Something else."},
        {"title": "Other terms"},
        {"changes": "Nothing."},
    ],
)
def test_publishing_a_changed_text_fails_by_name_and_adds_nothing(
    world: World, change: dict[str, object]
) -> None:
    changed = replace(shipped(TERMS), **change)  # type: ignore[arg-type] # one field of its own type each
    new = texts("privacy_policy", "2.0", world.clock.now())
    before = world.stored()
    with (
        publishing(world) as step,
        pytest.raises(PublishedTextChanged, match=r"new version: terms_of_service 1\.0 \(en\)"),
    ):
        step.publish([*new, changed], "test")
    assert world.stored() == before
