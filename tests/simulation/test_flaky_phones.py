"""Nobody honest is signed out, no stolen copy survives its reuse, one audit record an act."""

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.domain.sessions import REFRESH_GRACE
from tests.conftest import Parts
from tests.simulation.flaky import Simulation
from tests.world import World

SHORT = timedelta(minutes=15)
WATCH = timedelta(minutes=10)
FEW = 24


Start = Callable[..., Simulation]


@pytest.fixture
def start(world: World, parts: Parts, request: pytest.FixtureRequest) -> Iterator[Start]:
    """Start a simulation with settings of its own, and leave the database running."""
    started: list[Simulation] = []
    seed = request.config.getoption("--phones-seed")

    def make(phones: int, grace: timedelta = REFRESH_GRACE) -> Simulation:
        lifetimes = replace(world.settings.lifetimes, refresh_grace=grace)
        world.settings = replace(world.settings, limits_are_lifted=True, lifetimes=lifetimes)
        started.append(Simulation.of(world, parts.postgres, seed, phones))
        return started[-1]

    yield make
    for one in started:
        one.come_back()


def test_flaky_phones_stay_signed_in_and_thieves_do_not(start: Start, request: pytest.FixtureRequest) -> None:
    simulation, began = start(200), time.monotonic()
    ledger = simulation.run(SHORT)  # F-4, F-17, F-18, F-19
    while time.monotonic() - began < request.config.getoption("--phones-seconds"):
        simulation.run(WATCH)
    simulation.confront()
    print(ledger.told())  # noqa: T201 - what `make flaky-phones` shows
    assert simulation.outages > 0
    assert ledger.reused
    assert ledger.signed_out == []
    assert ledger.survivors == []
    assert ledger.wrongly_recorded(simulation.site.world) == []


def test_without_a_grace_the_simulation_finds_who_is_signed_out(start: Start) -> None:
    simulation = start(FEW, grace=timedelta(0))
    assert simulation.run(SHORT).signed_out


def test_with_a_grace_without_end_the_simulation_finds_who_lives_on_stolen_tokens(start: Start) -> None:
    simulation = start(FEW, grace=timedelta(days=30))
    simulation.run(SHORT)
    assert simulation.confront().survivors
