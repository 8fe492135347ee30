"""Keys of sign-ups that died are swept, and never one of a living person (F-20)."""

import pytest

from chalicelib.domain.errors import DependencyUnavailable
from chalicelib.domain.key_life import SweepProgress
from tests.key_scenes import DAY, REQUEST_ID, KeyScene
from tests.races import audited
from tests.world import World

START = SweepProgress()


@pytest.fixture
def scene(world: World) -> KeyScene:
    return KeyScene(world)


def test_an_orphan_goes_after_a_day_and_the_living_stay(scene: KeyScene) -> None:
    phones, orphan = scene.people(3), scene.orphan()
    young = scene.sweep().run(START, REQUEST_ID)
    assert (young.is_done, young.young, young.deleted) == (True, 4, 0)
    scene.world.clock.advance(DAY)
    swept = scene.sweep().run(START, REQUEST_ID)
    assert (swept.is_done, swept.known, swept.deleted) == (True, 3, 1)
    assert scene.items().keys() == {phone.user_id for phone in phones}
    [(details,)] = scene.world.rows("SELECT details FROM audit_events WHERE kind = 'keys.swept'")
    assert details == {"user_ids": [str(orphan)]}


def test_swept_again_nothing_happens_and_nothing_is_recorded(scene: KeyScene) -> None:
    scene.people(1)
    scene.orphan()
    scene.world.clock.advance(DAY)
    scene.sweep().run(START, REQUEST_ID)
    assert scene.sweep().run(START, REQUEST_ID).deleted == 0
    assert audited(scene.world, "keys.swept") == 1


def test_a_run_is_bounded_and_its_answer_goes_on(scene: KeyScene) -> None:
    scene.people(5)
    scene.world.clock.advance(DAY)
    first = scene.sweep(page_items=2, pages_max=1).run(START, REQUEST_ID)
    assert (first.is_done, first.seen) == (False, 2)
    rest = scene.sweep().run(SweepProgress.resumed({"after": first.after, "seen": 2, "known": 2}), REQUEST_ID)
    assert (rest.is_done, rest.seen) == (True, 5)
    assert len(scene.items()) == 5


def test_a_suspended_person_keeps_their_key(scene: KeyScene) -> None:
    [ana] = scene.people(1)
    scene.world.execute("UPDATE users SET status = 'suspended'")
    scene.world.clock.advance(DAY)
    assert scene.sweep().run(START, REQUEST_ID).deleted == 0
    assert scene.items().keys() == {ana.user_id}


def test_a_database_that_knows_hardly_anyone_deletes_nothing(scene: KeyScene) -> None:
    scene.people(1)
    for _ in range(3):
        scene.orphan()
    scene.world.clock.advance(DAY)
    refused = scene.sweep().run(START, REQUEST_ID)
    assert (refused.is_refused, refused.is_done, refused.deleted) == (True, False, 0)
    assert len(scene.items()) == 4


def test_a_restored_database_deletes_nothing(scene: KeyScene) -> None:
    scene.people(2)
    scene.orphan()
    scene.world.services.recovery.sweep()
    scene.world.execute("UPDATE database_position SET epoch = epoch - 1")
    scene.world.clock.advance(DAY)
    with pytest.raises(DependencyUnavailable):
        scene.sweep().run(START, REQUEST_ID)
    assert len(scene.items()) == 3


def test_a_key_without_a_time_is_left_alone(scene: KeyScene) -> None:
    scene.people(1)
    orphan = scene.orphan()
    scene.dynamodb.update_item(
        TableName=scene.world.settings.vault_table,
        Key={"user_id": {"S": str(orphan)}},
        UpdateExpression="REMOVE created_at",
    )
    scene.world.clock.advance(DAY * 9)
    assert scene.sweep().run(START, REQUEST_ID).deleted == 0
