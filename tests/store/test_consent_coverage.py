"""The coverage of documents: counted right, without anything personal, however long it takes."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, LargeBinary, Select, event, func, select
from sqlalchemy.dialects import postgresql

from chalicelib.domain.consents import ConsentCoverage, NoSuchDocument
from chalicelib.stores.jobs.consent_coverage import (
    PATIENCE,
    Asked,
    CoverageStore,
    by_version,
    published,
    totals_of,
)
from chalicelib.stores.schema import Schema
from tests.consenting import AI, PRIVACY, TERMS, answer, publish, withdraw
from tests.fakes import START
from tests.first_texts import no, yes
from tests.world import REQUIRED, Phone, World

DAY = timedelta(days=1)


@pytest.fixture
def people(world: World) -> dict[str, Phone]:
    """Five active people, each with their own answers, and one who is suspended."""
    named = {name: world.person(f"{name}@example.com") for name in ("ana", "ben", "eva", "leo", "mia", "zoe")}
    for phone in named.values():
        assert phone.sign_in().status == 200
    answer(named["ana"], yes(AI))
    answer(named["ben"], no(AI))
    answer(named["eva"], yes(AI))
    withdraw(named["eva"], AI)
    withdraw(named["leo"], TERMS)
    world.suspend(named["zoe"].user_id)
    return named


def counted(world: World, document: str | None = None, version: str | None = None) -> ConsentCoverage:
    return CoverageStore(world.database.transactions).coverage(
        document=document, version=version, now=world.clock.now()
    )


def standings(coverage: ConsentCoverage, kind: str) -> dict[tuple[str | None, str | None], int]:
    return {(s.version, s.action): s.people for s in coverage.standings if s.document == kind}


@pytest.mark.usefixtures("people")
def test_every_active_person_is_counted_once_under_their_last_answer(world: World) -> None:
    coverage = counted(world)
    assert (coverage.people, coverage.narrowed, coverage.would_be_narrowed) == (5, 1, 0)
    assert standings(coverage, AI) == {
        ("1.0", "granted"): 1,
        ("1.0", "refused"): 1,
        ("1.0", "withdrawn"): 1,
        (None, None): 2,
    }
    assert standings(coverage, TERMS) == {("1.0", "granted"): 4, ("1.0", "withdrawn"): 1}
    for kind in REQUIRED:
        assert sum(standings(coverage, kind).values()) == 5


def test_old_versions_are_told_apart_and_narrow_once_their_grace_is_over(
    world: World, people: dict[str, Phone]
) -> None:
    publish(world, TERMS, "2.0", grace=DAY)
    answer(people["ana"], yes(TERMS, "2.0"))
    coverage = counted(world)
    assert standings(coverage, TERMS) == {
        ("1.0", "granted"): 3,
        ("2.0", "granted"): 1,
        ("1.0", "withdrawn"): 1,
    }
    assert coverage.narrowed == 1
    assert counted(world, TERMS, "2.0").would_be_narrowed == 3  # when the grace ends
    world.clock.advance(DAY)
    assert (counted(world).narrowed, counted(world, TERMS, "2.0").would_be_narrowed) == (4, 0)


@pytest.mark.usefixtures("people")
def test_a_version_to_come_would_narrow_all_who_are_wide_now(world: World) -> None:
    publish(world, TERMS, "2.0", after=DAY)
    assert (counted(world, TERMS, "2.0").would_be_narrowed, counted(world).narrowed) == (4, 1)


@pytest.mark.usefixtures("people")
def test_a_version_that_is_not_published_yet_can_be_asked_about(world: World) -> None:
    assert counted(world, PRIVACY, "7.0").would_be_narrowed == 4
    assert counted(world, PRIVACY, "1.0").would_be_narrowed == 0  # they hold it


@pytest.mark.usefixtures("people")
def test_an_optional_document_narrows_nobody(world: World) -> None:
    assert counted(world, AI, "2.0").would_be_narrowed == 0


@pytest.mark.usefixtures("people")
def test_whether_it_is_required_is_said_by_the_version_asked_about(world: World) -> None:
    publish(world, AI, "2.0", after=DAY, required=True)
    publish(world, TERMS, "2.0", after=DAY, required=False)
    assert counted(world, AI, "2.0").would_be_narrowed == 4
    assert counted(world, TERMS, "2.0").would_be_narrowed == 0


@pytest.mark.usefixtures("people")
def test_a_kind_that_is_new_would_narrow_everybody_or_nobody(world: World) -> None:
    publish(world, "research_use", "1.0", after=DAY, like=TERMS)
    publish(world, "newsletter", "1.0", after=DAY, like=AI)
    assert counted(world, "research_use", "1.0").would_be_narrowed == 4
    assert counted(world, "newsletter", "1.0").would_be_narrowed == 0
    assert standings(counted(world), "research_use") == {}


@pytest.mark.parametrize(
    ("document", "version"), [("everything", "1.0"), (TERMS, None), (None, "1.0"), ("", ""), (TERMS, "")]
)
def test_a_question_about_nothing_is_refused_instead_of_answered_with_zero(
    world: World, document: str | None, version: str | None
) -> None:
    with pytest.raises(NoSuchDocument, match="name a published document"):
        counted(world, document, version)


def test_nobody_is_counted_where_nobody_is(world: World) -> None:
    assert counted(world) == ConsentCoverage(standings=(), people=0, narrowed=0, would_be_narrowed=0)


@pytest.mark.parametrize("statement", [by_version(START), totals_of(Asked(), START), published(TERMS)])
def test_it_reads_no_column_that_holds_personal_data(statement: Select[*tuple[Any, ...]]) -> None:
    sql = str(statement.compile(dialect=postgresql.dialect()))  # type: ignore[no-untyped-call] # SQLAlchemy's
    sealed = {
        column.name
        for table in Schema.metadata.tables.values()
        for column in table.columns
        if isinstance(column.type, LargeBinary)
    }
    assert sealed >= {"profile", "subject", "email_index", "description"}
    assert [name for name in sealed if name in sql] == []
    assert [table for table in ("identities", "devices", "sessions", "audit_events") if table in sql] == []


def test_it_outlasts_the_time_that_the_role_gives_a_request_and_leaves_no_trace_of_that(world: World) -> None:
    transactions = world.database.transactions
    with transactions.begin(longest=PATIENCE) as connection:
        connection.execute(select(func.pg_sleep(3.2)))  # the role has 3 s
    with transactions.begin() as connection:
        assert connection.scalar(select(func.current_setting("statement_timeout"))) == "3s"


@pytest.mark.usefixtures("people")
def test_both_counts_are_given_that_time(world: World) -> None:
    sent: list[tuple[str, Any]] = []

    @event.listens_for(Engine, "before_cursor_execute")
    def noted(_connection: object, _cursor: object, statement: str, given: object, *_more: object) -> None:
        sent.append((statement, given))

    try:
        counted(world, TERMS, "2.0")
    finally:
        event.remove(Engine, "before_cursor_execute", noted)
    longer = [place for place, (_, given) in enumerate(sent) if given == {"milliseconds": "120000"}]
    counts = [place for place, (statement, _) in enumerate(sent) if "standing" in statement]
    assert (len(longer), len(counts)) == (1, 2)
    assert longer < counts  # of one transaction: see CoverageStore
