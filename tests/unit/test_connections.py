"""Connections among threads: each is one's at a time, and there are never more than there may be."""

import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any, cast

import psycopg2
import pytest

from chalicelib.postgres.connections import IDLE_MAX, Connections, is_lost
from tests.fakes import FakeClock

MOST, THREADS, TAKES = 3, 6, 1500


class Line:
    """A connection that knows whether it is in use."""

    autocommit = False
    closed = 0
    in_use = False

    def close(self) -> None:
        self.closed = 1


def connections(
    most: int = MOST, wall_clock: Callable[[], float] = time.time
) -> tuple[Connections, list[Line]]:
    made: list[Line] = []

    def connect() -> Any:  # noqa: ANN401 - it stands for a connection
        made.append(Line())
        return made[-1]

    return Connections(connect, most, wall_clock), made


@pytest.fixture
def impatient_threads() -> Iterator[None]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("impatient_threads")
def test_a_connection_is_one_threads_at_a_time_and_no_more_are_made_than_may_be() -> None:
    pool, made = connections()

    def use(turn: int) -> None:
        for _ in range(TAKES):
            line = cast("Line", pool.take())
            assert not line.in_use
            assert not line.closed
            line.in_use = True
            line.in_use = False
            pool.put_back(cast("Any", line), is_broken=turn == 0 and len(made) < MOST + 2)

    with ThreadPoolExecutor(THREADS) as threads:
        assert len(list(threads.map(use, range(THREADS)))) == THREADS
    assert pool.made == len(made) >= MOST
    assert len([line for line in made if not line.closed]) <= MOST


def test_the_one_that_was_used_last_comes_first_and_a_broken_one_never_again() -> None:
    pool, made = connections()
    first, second = pool.take(), pool.take()
    pool.put_back(first, is_broken=False)
    pool.put_back(second, is_broken=False)
    assert pool.take() is second
    pool.put_back(second, is_broken=True)
    assert pool.take() is first
    assert [line.closed for line in made] == [0, 1]


@pytest.mark.parametrize("direction", [1, -1], ids=["later", "the clock jumps back"])
def test_connections_that_were_idle_for_long_are_replaced_before_they_are_used(direction: int) -> None:
    clock = FakeClock()  # F-45: the network drops them, and says nothing
    pool, made = connections(wall_clock=lambda: clock.now().timestamp())
    taken = [pool.take() for _ in range(MOST)]
    for each in taken:
        pool.put_back(each, is_broken=False)
    clock.jump(direction * (IDLE_MAX - timedelta(seconds=1)))
    pool.put_back(pool.take(), is_broken=False)
    assert len(made) == MOST
    clock.jump(direction * IDLE_MAX)
    pool.put_back(pool.take(), is_broken=False)
    assert [line.closed for line in made] == [1] * MOST + [0]


def test_what_cannot_be_made_takes_no_place() -> None:
    def refuse() -> Any:  # noqa: ANN401 - it returns nothing
        raise psycopg2.OperationalError

    pool = Connections(refuse, 1)
    for _ in range(3):
        with pytest.raises(psycopg2.OperationalError):
            pool.take()


@pytest.mark.parametrize(
    ("error", "lost"),
    [
        (psycopg2.OperationalError("server closed the connection unexpectedly"), True),
        (psycopg2.InterfaceError("connection already closed"), True),
        (psycopg2.DatabaseError("error with status PGRES_TUPLES_OK and no message from the libpq"), True),
        (psycopg2.errors.lookup("57P01")(), True),
        (psycopg2.ProgrammingError("can't adapt type"), False),
        (psycopg2.DataError("a NUL"), False),
    ],
)
def test_an_error_of_the_way_to_the_server_is_told_from_one_of_what_was_sent(
    error: psycopg2.Error, *, lost: bool
) -> None:
    assert is_lost(error) is lost
