"""`make load` says which promise wasn't kept."""

import pytest

from bench.laden import Answer, Told
from bench.load import Outage, judged

OUTAGE = Outage(began=10.0, ended=12.0)
GOOD = [Answer("refresh", number / 10, 0.01, 200) for number in range(1, 300)]


def told(*answers: Answer, refreshes: int = 7) -> list[Told]:
    return [Told(answers=[*GOOD, *answers], acts={"refresh": refreshes}, injected={})]


def test_nothing_is_said_when_all_is_well() -> None:
    assert list(judged(told(Answer("refresh", 11.0, 3.0, 503)), OUTAGE, connections=5, recorded=7)) == []


@pytest.mark.parametrize(
    ("found", "connections", "recorded", "said"),
    [
        (told(*[Answer("refresh", 5.0, 0.1, 503)] * 5), 1, 7, "more than 1%"),
        (told(Answer("refresh", 11.0, 0.1, 401)), 1, 7, "neither success nor 503: [401]"),
        (told(Answer("refresh", 11.0, 10.5, 503)), 1, 7, "took more than 10 s"),
        (
            [*told(), Told(answers=[Answer("refresh", 9.0, 0.1, 200)], acts={}, injected={})],
            1,
            7,
            "needed more than 5 s after the database was back",
        ),
        (told(), 6, 7, "6 connections for 1 containers"),
        (told(), 1, 6, "7 refreshes were answered, 6 recorded"),
        (told(), 1, 8, "7 refreshes were answered, 8 recorded"),
    ],
)
def test_each_promise_that_is_not_kept_is_named(
    found: list[Told], connections: int, recorded: int, said: str
) -> None:
    (broken,) = judged(found, OUTAGE, connections, recorded)
    assert said in broken
