"""What a run counts is what was done; what it promises is held; the floor is made of what it names."""

from dataclasses import replace
from types import MappingProxyType
from typing import Any

from bench import floor as floors
from bench.fleet import Figures, Run, commits
from bench.operations import OPERATIONS
from bench.parts import Parts
from bench.report import floor_table, shortfalls, table
from tests.bench.conftest import CONTAINERS, PEOPLE

# Whoever is new is counted by the limits before they are stored.
WRITES = {"new sign-in": 2, "known sign-in": 1, "refresh": 1, "bearer check": 0, "account": 0, "logout": 1}
FLOOR = MappingProxyType(
    {
        "RS256 verify": 1.0,
        "ES256 sign": 2.0,
        "ES256 verify": 4.0,
        "committed statement": 8.0,
        "reading statement": 16.0,
    }
)


def named(run: Run, name: str) -> Figures:
    (figures,) = (one for one in run.figures if one.operation.name == name)
    return figures


def changed(run: Run, name: str, **changes: Any) -> Run:  # noqa: ANN401 - figures of any kind
    """Return a run with other figures of one operation."""
    own = named(run, name)
    return replace(run, figures=tuple(replace(one, **changes) if one is own else one for one in run.figures))


def test_every_request_is_counted(small_run: Run) -> None:
    assert [one.operation for one in small_run.figures] == list(OPERATIONS)
    for one in small_run.figures:
        assert one.requests == CONTAINERS * PEOPLE * one.operation.rounds
        assert one.unavailable == 0


def test_commits_are_those_that_postgresql_counted(small_run: Run) -> None:
    assert {one.operation.name: round(one.commits) for one in small_run.figures} == WRITES


def test_a_request_sends_no_more_statements_and_asks_kms_no_more_often_than_promised(small_run: Run) -> None:
    for one in small_run.figures:
        assert 1 <= one.costs["statements"] <= one.operation.statements_max, one
        assert one.costs["kms_calls"] <= one.operation.kms_max, one
    assert named(small_run, "new sign-in").costs["kms_calls"] == 1
    assert named(small_run, "new sign-in").costs["key_vault_calls"] == 1


def test_the_calls_to_aws_are_set_apart(small_run: Run) -> None:
    assert [one.operation.name for one in small_run.figures if one.aws_cpu_ms > 0] == ["new sign-in"]


def test_what_is_slower_than_promised_or_asks_more_is_said(small_run: Run) -> None:
    within = small_run
    for one in OPERATIONS:
        least = {"cpu_ms": one.target or 99.0, "database_cpu_ms": one.database_target or 99.0}
        within = changed(within, one.name, **least)
    assert list(shortfalls(within)) == []
    slow = changed(within, "refresh", cpu_ms=0.71, database_cpu_ms=0.41)
    assert list(shortfalls(slow)) == [
        "refresh: 0.71 CPU s/1000, target 0.7",
        "refresh: 0.41 CPU s/1000 of PostgreSQL, target 0.4",
    ]
    for name in ("statements", "kms_calls"):
        talkative = changed(
            within,
            "refresh",
            costs={**named(within, "refresh").costs, name: named(within, "refresh").costs[name] + 2},
        )
        assert any(fault.startswith("refresh:") for fault in shortfalls(talkative)), name


def test_answers_that_were_asked_for_again_stand_under_the_table(small_run: Run) -> None:
    assert "503" not in table(small_run, "Calm")
    assert "3 answers were 503, and asked again" in table(
        changed(small_run, "refresh", unavailable=3), "Killed"
    )


def test_a_ratio_is_to_the_sum_of_the_primitives_that_it_names(small_run: Run) -> None:
    lines = floor_table(changed(small_run, "new sign-in", cpu_ms=38.0), FLOOR).splitlines()
    (told,) = (line for line in lines if line.startswith("new sign-in"))
    assert told.split()[2:5] == ["38.00", "19.00", "2.0"]
    assert told.endswith("RS256 verify + ES256 sign + 2 x committed statement")


def test_the_floor_has_every_primitive_that_an_operation_is_made_of(bench_parts: Parts) -> None:
    measured = floors.floor(bench_parts.owner_url)
    assert measured.keys() == FLOOR.keys() >= {part for one in OPERATIONS for part in one.floor}


def test_a_primitive_is_done_as_often_as_it_is_divided_by() -> None:
    done = list[int]()
    floors.cpu_ms({"one": lambda: done.append(1), "another": lambda: done.append(2)})
    assert done == [1, 2] * floors.TURNS  # in turns, as in a request


def test_the_floors_statement_is_committed_each_time(bench_parts: Parts) -> None:
    before = commits(bench_parts)
    with floors.statements(bench_parts.owner_url) as (_, write):
        floors.cpu_ms({"committed statement": write})
    of_the_table = 2  # made, dropped
    assert commits(bench_parts) - before == floors.TURNS + of_the_table
