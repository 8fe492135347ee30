"""A database that went back in time is noticed, brought up to date, and revives nobody (F-24, F-25)."""

from datetime import timedelta
from uuid import UUID

import pytest

from chalicelib.domain.errors import DependencyUnavailable
from chalicelib.services.ports import Act
from tests.aws_tap import tapped
from tests.http.test_erasure import erase, state
from tests.races import audited, live_sessions
from tests.world import Phone, World

OPERATOR = Act(request_id="operator", locale="en")


@pytest.fixture
def ana(world: World) -> Phone:
    phone = world.person()
    phone.sign_in()
    return phone


def go_back(world: World, epoch: int) -> None:
    """Make the database look as a backup does: it has not heard of what came later."""
    world.execute("UPDATE database_position SET epoch = %s", epoch)


def ready(world: World) -> int:
    return world.call("GET", "/health/ready").status


def epoch(world: World) -> int:
    return int(world.rows("SELECT epoch FROM database_position")[0][0])


def test_erasures_and_sweeps_leave_a_current_database_ready(world: World, ana: Phone) -> None:
    erase(ana)
    for _ in range(3):
        world.services.recovery.sweep()
    assert (ready(world), epoch(world)) == (200, 4)


def test_a_database_behind_an_erasure_is_not_ready(world: World, ana: Phone) -> None:
    erase(ana)
    go_back(world, 0)  # F-24
    assert ready(world) == 503


def test_a_database_behind_a_sweep_is_not_ready_though_nobody_was_erased(world: World, ana: Phone) -> None:
    world.services.recovery.sweep()
    go_back(world, 0)  # F-25: rotated tokens are alive in it
    assert ready(world) == 503
    done = world.services.recovery.restore(OPERATOR)
    assert (done.erasures, done.sessions) == (0, 1)
    assert ready(world) == 200
    assert ana.refresh().code == "session_revoked"
    assert world.call("GET", "/sessions", token=ana.access_token).code == "session_revoked"
    assert ana.sign_in().status == 200


def test_nothing_hides_that_it_is_behind(world: World, ana: Phone) -> None:
    world.services.recovery.sweep()
    go_back(world, 0)
    with pytest.raises(DependencyUnavailable):
        world.services.recovery.sweep()
    assert erase(ana).code == "service_unavailable"
    assert (epoch(world), ready(world)) == (0, 503)
    assert ana.get("/account").status == 200


def test_a_restore_erases_again_whom_the_backup_brought_back(world: World, ana: Phone) -> None:
    ben = world.person("ben@example.com", "Ben Okafor")
    ben.sign_in()
    answer = erase(ana).body
    back = world.person()
    back.sign_in()  # F-24: in the backup, the row of the person has this id
    world.execute("DELETE FROM erasures")
    client_id = UUID(ana.user_id)
    move_back(world, back, client_id)
    go_back(world, 0)
    assert world.services.recovery.restore(OPERATOR).erasures == 1
    assert ready(world) == 200
    assert world.rows("SELECT status FROM users WHERE id = %s", ana.user_id) == [("erased",)]
    for table in ("identities", "devices", "sessions"):
        assert world.rows(f"SELECT count(*) FROM {table} WHERE user_id = %s", ana.user_id) == [(0,)]  # noqa: S608 - our own names
    assert live_sessions(world) == 0
    told = state(world, answer["erasure"]["id"], answer["secret"])  # the receipt still works
    assert (told.status, told.body["erasure"]["state"]) == (200, "completed")
    assert ben.sign_in().body["user"]["name"] == "Ben Okafor"


def move_back(world: World, phone: Phone, erased_id: UUID) -> None:
    """Give an erased person's id the data of another row, as if the erasure had not been."""
    world.execute(
        "UPDATE users SET status = 'active', profile = other.profile, profile_digest = other.profile_digest"
        " FROM users other WHERE users.id = %s AND other.id = %s",
        str(erased_id),
        phone.user_id,
    )
    for table in ("identities", "devices", "sessions"):
        world.execute(f"UPDATE {table} SET user_id = %s WHERE user_id = %s", str(erased_id), phone.user_id)  # noqa: S608 - our own names


def test_a_restore_knows_of_people_who_came_and_went_after_the_backup(world: World, ana: Phone) -> None:
    answer = erase(ana).body
    world.execute("DELETE FROM erasures")
    world.execute("ALTER TABLE consent_events DISABLE TRIGGER USER")
    world.execute("DELETE FROM consent_events")
    world.execute("DELETE FROM users")
    go_back(world, 0)
    assert world.services.recovery.restore(OPERATOR).erasures == 1
    assert state(world, answer["erasure"]["id"], answer["secret"]).status == 200
    assert audited(world, "account.erased") == 1  # the first one: nobody was there to be erased again


def test_an_interrupted_restore_is_still_behind_and_runs_again(world: World, ana: Phone) -> None:
    erase(ana)
    go_back(world, 0)
    with tapped(world) as aws:
        world.execute("UPDATE erasures SET completed_at = NULL")
        aws.down = {"dynamodb"}
        with pytest.raises(DependencyUnavailable):
            world.services.recovery.restore(OPERATOR)
        assert (ready(world), epoch(world)) == (503, 0)
        aws.down = set()
        world.services.recovery.restore(OPERATOR)
    assert (ready(world), epoch(world)) == (200, 2)
    assert audited(world, "service.restored") == 1


def test_a_restore_ends_every_session_that_began_before_it_and_no_other(world: World) -> None:
    phones = [world.person(f"person-{number}@example.com") for number in range(3)]
    for phone in phones:
        phone.sign_in()
    world.clock.advance(timedelta(seconds=1))
    assert world.services.recovery.restore(OPERATOR).sessions == 3
    assert world.services.recovery.restore(OPERATOR).sessions == 0
    ended = world.rows("SELECT count(*) FROM audit_events WHERE details->>'reason' = 'restored'")
    assert ended == [(3,)]
    world.clock.advance(timedelta(seconds=1))
    assert phones[0].sign_in().status == 200
    assert phones[0].refresh().status == 200


def test_the_database_that_was_left_behind_is_not_ready_any_more(world: World, ana: Phone) -> None:
    left_behind = epoch(world)
    world.services.recovery.restore(OPERATOR)  # of a copy, which shares the line of descent
    go_back(world, left_behind)
    assert ready(world) == 503


def test_while_the_ledger_is_away_it_is_not_ready_and_all_but_erasure_goes_on(
    world: World, ana: Phone
) -> None:
    with tapped(world) as aws:
        aws.down = {"s3"}
        assert ready(world) == 503
        assert ana.refresh().status == 200
