"""The local stack runs what app.py schedules, on time, whatever becomes of one run."""

import threading
from datetime import timedelta

import pytest
from chalice.app import Chalice

from app import app
from chalicelib import wiring
from local.places import StackError
from local.schedules import Scheduled, running, scheduled
from tests.audit_scenes import Bench
from tests.world import World

WAIT_SECONDS = 10.0
DATABASES_OWN = (
    "audit-seal",
    "erasure-sweep",
    "purge",
    "rotate-keys",
)  # the others fetch


def test_every_schedule_of_the_app_is_read_from_its_declaration() -> None:
    periods = {each.name: each.period for each in scheduled(app)}
    assert (
        periods.items()
        >= {
            "audit-seal": timedelta(minutes=5),
            "erasure-sweep": timedelta(minutes=5),
            "purge": timedelta(hours=1),
            "rotate-keys": timedelta(days=1),
        }.items()
    )


def test_a_schedule_that_is_no_rate_is_refused() -> None:
    other = Chalice("other")
    other.schedule("cron(0 12 * * ? *)", name="noon")(lambda _event: {})
    with pytest.raises(StackError, match="noon"):
        scheduled(other)


@pytest.mark.parametrize("name", DATABASES_OWN)
def test_a_scheduled_function_runs_through_the_app(
    world: World, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    settings = Bench(world).settings
    monkeypatch.setattr(wiring, "settings", lambda: settings)
    monkeypatch.setattr(wiring, "services", lambda: world.services)
    world.person().sign_in()
    (one,) = [each for each in scheduled(app) if each.name == name]
    answer = one.run()
    assert isinstance(answer, dict)
    seals = world.rows("SELECT count(*) FROM audit_seals")
    assert seals == [(1 if name == "audit-seal" else 0,)]


def test_functions_run_again_and_again_though_one_of_them_fails(caplog: pytest.LogCaptureFixture) -> None:
    ran, twice = [], threading.Event()

    def fail() -> None:
        raise ValueError

    def work() -> None:
        ran.append(1)
        if len(ran) > 1:
            twice.set()

    moment = timedelta(milliseconds=5)
    functions = [
        Scheduled(name="bad-one", period=moment, run=fail),
        Scheduled(name="good-one", period=moment, run=work),
    ]
    with caplog.at_level("INFO", logger="serenya-auth"), running(functions):
        assert twice.wait(WAIT_SECONDS)
    assert {"schedule_failed", "schedule_ran"} <= {record.message for record in caplog.records}
    assert "schedules" not in {thread.name for thread in threading.enumerate()}


def test_nothing_runs_before_its_time_and_the_end_waits_for_none() -> None:
    ran: list[int] = []
    with running([Scheduled(name="later", period=timedelta(hours=1), run=lambda: ran.append(1))]):
        pass
    assert ran == []
    assert "schedules" not in {thread.name for thread in threading.enumerate()}
