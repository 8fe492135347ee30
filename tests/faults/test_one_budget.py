"""Several dependencies fail one request together: what it waits for adds up to no more than F0 allows."""

import json
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from threading import Event
from typing import Final

import pytest

from chalicelib import budget
from chalicelib.clients.aws import aws_client
from chalicelib.clients.aws_calls import ATTEMPT_SECONDS, RetryPolicy
from chalicelib.clients.bounded_call import TimeIsUp, answer_within
from chalicelib.clients.kms import Kms
from chalicelib.domain.errors import DependencyUnavailable
from local.places import PROJECT
from tests.conftest import Parts
from tests.fakes import FakeClock
from tests.faults.test_aws_conversation import CONTEXT, REGION
from tests.faults.test_bounded_http import assert_nobody_waits, raw_server
from tests.faults.test_database_away import acts, assert_f0, assert_recovered, frozen, timed
from tests.patience import HANG_SECONDS
from tests.races import at_once
from tests.slowness import SILENT, Slow, slowed
from tests.world import Phone, Reply, World

BOUND_SECONDS: Final = 10.0  # F0
BELOW_EVERY_LIMIT: Final = timedelta(seconds=1.2)  # AWS may take 1.5, a statement 3
LONGEST_WAIT: Final = (
    3 * BELOW_EVERY_LIMIT
)  # to log in to PostgreSQL; real time would cut it at the budget's end
GATEWAY_SECONDS: Final = 29  # what API Gateway waits for, at most
SPARE_SECONDS: Final = 3  # for a container's start, and for what isn't waiting


@dataclass
class Away:
    """A world of which all that it stands on can be slowed down."""

    world: World
    database: Slow
    others: list[Slow]

    def be(self, seconds: float) -> None:
        """Let everything but PostgreSQL answer so late."""
        for each in self.others:
            each.seconds = seconds


@pytest.fixture
def away(world: World) -> Iterator[Away]:
    with ExitStack() as stack:
        database, url = stack.enter_context(slowed(world.settings.database_url))
        aws, endpoint = stack.enter_context(slowed(str(world.settings.aws_endpoint_url)))
        others, providers = [aws], {}
        for name, offered in world.settings.providers.items():
            proxy, keys_url = stack.enter_context(slowed(offered.keys_url))
            others.append(proxy)
            providers[name] = replace(offered, keys_url=keys_url)
        settings = replace(world.settings, database_url=url, aws_endpoint_url=endpoint, providers=providers)
        one = World(settings, world.owner_url, world.people)
        yield Away(one, database, others)
        one.close()


@pytest.fixture
def phone(away: Away) -> Phone:
    phone = away.world.person()
    assert phone.sign_in().status == 200
    return phone


def replies(away: Away, phone: Phone) -> list[tuple[float, Reply]]:
    """Let a container that has nothing yet answer one act of each kind, and ready, all at once."""
    away.world.services = away.world.container()
    return at_once([partial(timed, act) for act in container_acts(away, phone)])


def container_acts(away: Away, phone: Phone) -> list[Callable[[], Reply]]:
    return [*acts(phone).values(), lambda: away.world.call("GET", "/health/ready")]


@pytest.fixture
def spent(monkeypatch: pytest.MonkeyPatch) -> FakeClock:
    """The clock of every budget: no time passes but what a test says was waited."""
    clock = FakeClock()
    monkeypatch.setattr(budget, "time", clock)
    return clock


def test_with_everything_frozen_at_once_every_answer_is_503_in_time(
    away: Away, parts: Parts, phone: Phone
) -> None:
    away.be(SILENT)  # F-2, F-10, F-13: PostgreSQL, KMS, the vault, S3 and the providers, in one request
    with frozen(parts):
        answered = replies(away, phone)
    for seconds, reply in answered:
        assert_f0(reply)
        assert seconds < HANG_SECONDS
    away.be(0)
    away.world.clock.advance(timedelta(minutes=1))
    assert_recovered(phone)


def test_what_is_slow_but_below_its_own_limit_adds_up_to_no_more_than_one_budget(
    away: Away, phone: Phone, spent: FakeClock
) -> None:
    for each in (away.database, *away.others):  # F-2, F-10: nothing times out by itself
        each.wait = partial(spent.advance, BELOW_EVERY_LIMIT)
    refused = 0
    for act in container_acts(away, phone):
        away.world.services = away.world.container()
        started = spent.monotonic()
        reply = act()
        assert spent.monotonic() - started < (budget.REQUEST + LONGEST_WAIT).total_seconds()
        if reply.status != 200:
            assert_f0(reply)
            refused += 1
    assert refused  # or all of it would have fitted in without a budget
    for each in (away.database, *away.others):
        each.wait = each.sleep
    away.world.clock.advance(timedelta(minutes=1))
    assert phone.world.call("GET", "/health/ready").status == 200
    assert phone.sign_in().status == 200


def test_a_server_that_answers_a_byte_at_a_time_is_left_when_time_is_up() -> None:
    # F-10: no read ever times out
    def drip(connection: socket.socket, over: Event) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        while not over.wait(0.1):
            connection.sendall(b" ")

    with raw_server(drip) as port:
        kms = Kms(aws_client("kms", REGION, f"http://127.0.0.1:{port}"), "key-1", RetryPolicy(attempts_max=1))
        started = time.monotonic()
        with pytest.raises(DependencyUnavailable):
            kms.decrypt(b"wrapped", CONTEXT)
        assert ATTEMPT_SECONDS <= time.monotonic() - started < HANG_SECONDS
    assert_nobody_waits()


def test_a_wait_takes_what_is_left_of_the_budget_and_nothing_begins_when_it_is_spent(
    spent: FakeClock,
) -> None:
    begun: list[bool] = []
    never = Event()
    with budget.limited(timedelta(seconds=0.2)):
        assert budget.within(4.0) == 0.2
        with pytest.raises(TimeIsUp):
            answer_within(HANG_SECONDS, never.wait)
        assert not budget.is_spent()
        spent.advance(timedelta(seconds=0.2))
        assert budget.is_spent()
        with pytest.raises(TimeIsUp):
            answer_within(4.0, lambda: begun.append(True))
        assert not begun
    never.set()
    assert not budget.is_spent()
    assert budget.within(4.0) == 4.0


def test_no_attempt_starts_for_which_the_budget_is_too_short() -> None:
    policy = RetryPolicy(jitter=lambda: 0.0)
    with budget.limited(timedelta(seconds=ATTEMPT_SECONDS + 1)):
        assert policy.pause(1, policy.monotonic()) == 0.0
    with budget.limited(timedelta(seconds=ATTEMPT_SECONDS - 1)):
        assert policy.pause(1, policy.monotonic()) is None


def test_an_answer_leaves_before_lambda_ends_the_function_and_the_gateway_gives_up() -> None:
    # L1: what isn't cut at the budget's end is libpq's wait for the database's name to be resolved
    deployed = json.loads((PROJECT / ".chalice" / "config.json").read_text(encoding="utf-8"))
    told = dict(each.split(":") for each in deployed["environment_variables"]["RES_OPTIONS"].split())
    resolved = timedelta(seconds=int(told["timeout"]) * int(told["attempts"]))
    longest = (budget.REQUEST + resolved).total_seconds()
    assert longest <= BOUND_SECONDS
    assert longest + SPARE_SECONDS <= deployed["lambda_timeout"] < GATEWAY_SECONDS
