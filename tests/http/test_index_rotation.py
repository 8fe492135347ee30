"""The index key rotates with overlap: people are found under either version, the old one can go (F-30)."""

import json

import pytest

import app
from chalicelib import wiring
from chalicelib.domain.key_life import ReindexProgress
from chalicelib.domain.providers import APPLE
from local.dev_apple import subject_for
from tests.aws_tap import renew_container, tapped
from tests.http.test_erasure import erase
from tests.http.test_identities import link
from tests.http.test_statements import Counted, counted
from tests.index_scenes import INDEX, ORDER, load, rotated, versions
from tests.key_scenes import DAY, REQUEST_ID, KeyScene
from tests.races import audited, live_sessions
from tests.world import Phone, World

START = ReindexProgress()


@pytest.fixture
def ana(world: World) -> Phone:
    phone = world.person()
    assert phone.sign_in().status == 200
    return phone


@pytest.fixture
def scene(world: World, ana: Phone) -> KeyScene:
    """A rotation that writes its second version, and a person of the first."""
    assert versions(world)["identities"] == [1]
    made = KeyScene.__new__(KeyScene)
    made.world = world
    made.parts.rotation.rotate(INDEX, REQUEST_ID)
    return made


def of_people(count: Counted) -> int:
    """Return how many calls read or changed a person; a fresh container reads its keys in others."""
    functions = (".open_session(", ".create_account(", ".renew_personal_data(")
    return sum(any(each in statement for each in functions) for statement in count.statements)


def written(world: World) -> None:
    """Let the second version write."""
    world.clock.advance(DAY)
    renew_container(world)


def test_until_the_new_version_writes_nothing_moves(scene: KeyScene, ana: Phone) -> None:
    renew_container(scene.world)
    assert ana.sign_in().body["is_new_user"] is False
    assert scene.parts.reindex.run(START, REQUEST_ID).moved == 0
    assert versions(scene.world) == {"users": [1], "identities": [1], "devices": [1]}


def test_a_sign_in_finds_the_person_and_indexes_them_anew(scene: KeyScene, ana: Phone) -> None:
    world, user_id = scene.world, ana.user_id
    written(world)
    again = ana.sign_in()
    assert (again.body["is_new_user"], ana.user_id) == (False, user_id)
    assert versions(world) == {"users": [2], "identities": [2], "devices": [2]}
    assert live_sessions(world) == 1  # the same device, so its earlier session ended
    changed = "SELECT details->>'changed' FROM audit_events WHERE kind = 'account.data_renewed'"
    assert world.rows(changed) == [("index",)]  # nobody said anything new


def test_after_that_a_sign_in_is_one_statement_again_and_calls_nobody(scene: KeyScene, ana: Phone) -> None:
    written(scene.world)
    ana.sign_in()
    with tapped(scene.world) as tap, counted(scene.world) as count:
        assert ana.sign_in().status == 200
    assert (of_people(count), tap.calls) == (1, [])


def test_while_kms_is_away_the_person_still_signs_in_and_moves_later(scene: KeyScene, ana: Phone) -> None:
    written(scene.world)
    with tapped(scene.world) as tap:
        tap.down = {"kms", "dynamodb"}
        assert ana.sign_in().status == 200
        assert versions(scene.world)["identities"] == [1]
        tap.down = set()
        assert ana.sign_in().status == 200
    assert versions(scene.world)["identities"] == [2]


def test_a_session_of_before_refreshes_without_kms_after_the_batch(scene: KeyScene, ana: Phone) -> None:
    written(scene.world)
    assert scene.parts.reindex.run(START, REQUEST_ID).moved == 1
    with tapped(scene.world) as tap:
        assert ana.refresh().body["user"]["email"] == ana.email
    assert tap.calls == []


def test_operators_find_people_under_either_version(scene: KeyScene, ana: Phone) -> None:
    world = scene.world
    written(world)
    world.person("ben@example.com").sign_in()
    find = world.services.operators.find_by_email
    assert [len(find(email, ORDER, REQUEST_ID)) for email in (ana.email, "ben@example.com")] == [1, 1]
    scene.parts.reindex.run(START, REQUEST_ID)
    assert [str(found.id) for found in find(ana.email, ORDER, REQUEST_ID)] == [ana.user_id]


def test_the_batch_moves_who_does_not_sign_in(scene: KeyScene, ana: Phone) -> None:
    world = scene.world
    written(world)
    done = scene.parts.reindex.run(START, REQUEST_ID)
    assert (done.is_done, done.seen, done.moved, done.damaged) == (True, 1, 1, 0)
    assert versions(world) == {"users": [2], "identities": [2], "devices": [2]}
    assert audited(world, "keys.reindexed") == 1
    user_id = ana.user_id
    with counted(world) as count:
        assert ana.sign_in().body["is_new_user"] is False
    assert (of_people(count), ana.user_id) == (1, user_id)  # its digests are those of the phone


def test_each_identity_of_a_person_moves(scene: KeyScene, ana: Phone) -> None:
    world = scene.world
    apple = world.person("hidden@privaterelay.appleid.com", device="device-2", provider=APPLE)
    link(ana, apple)
    written(world)
    assert scene.parts.reindex.run(START, REQUEST_ID).moved == 1
    assert versions(world)["identities"] == [2, 2]
    assert apple.sign_in().body["is_new_user"] is False
    assert apple.user_id == ana.user_id
    assert len(world.services.operators.find_by_email(ana.email, ORDER, REQUEST_ID)) == 1


@pytest.mark.parametrize("moved", [False, True])
def test_what_a_provider_tells_reaches_people_under_either_version(scene: KeyScene, *, moved: bool) -> None:
    world = scene.world
    ben = world.person("ben@example.com", provider=APPLE)
    ben.sign_in()
    written(world)
    if moved:
        scene.parts.reindex.run(START, REQUEST_ID)
    told = world.apple.notice("consent-revoked", subject_for(ben.email), world.clock.now())
    assert world.call("POST", "/events/apple", {"payload": told}).status == 200
    assert ben.refresh().code == "session_revoked"


def test_repeated_it_finds_its_own_work_done(scene: KeyScene) -> None:
    written(scene.world)
    scene.parts.reindex.run(START, REQUEST_ID)
    again = scene.parts.reindex.run(START, REQUEST_ID)
    assert (again.moved, again.seen, audited(scene.world, "keys.reindexed")) == (0, 1, 1)


def test_in_pieces_it_arrives_at_the_end(scene: KeyScene) -> None:
    world = scene.world
    for number in range(4):
        world.person(f"person-{number}@example.com").sign_in()
    written(world)
    reindex, progress = scene.parts.reindex, START
    reindex._page_items, reindex._pages_max = 2, 1
    for _ in range(3):
        progress = reindex.run(ReindexProgress.resumed({"after": progress.after}), REQUEST_ID)
    assert progress.is_done
    assert set(versions(world)["identities"]) == {2}


def test_an_outage_ends_the_run_where_it_can_go_on(scene: KeyScene) -> None:
    written(scene.world)
    with tapped(scene.world) as tap:
        tap.down = {"kms"}
        reindex = scene.parts.reindex
        reindex._secrets = scene.world.services.operators._secrets  # loaded before
        reindex._keys = scene.world.services.exports._keys
        stopped = reindex.run(START, REQUEST_ID)
    assert (stopped.is_interrupted, stopped.is_done, stopped.moved) == (True, False, 0)
    assert scene.parts.reindex.run(stopped, REQUEST_ID).moved == 1


def test_what_is_not_what_was_indexed_stays_as_it_is(scene: KeyScene) -> None:
    world = scene.world
    world.execute("UPDATE identities SET subject_index = set_byte(subject_index, 0, 255)")
    written(world)
    assert scene.parts.reindex.run(START, REQUEST_ID).damaged == 1
    assert versions(world)["identities"] == [1]


def test_somebody_erased_needs_no_index(scene: KeyScene, ana: Phone) -> None:
    assert erase(ana).status in {200, 202}
    written(scene.world)
    assert scene.parts.reindex.run(START, REQUEST_ID).seen == 0
    assert scene.parts.retirement.retire_secret(INDEX, 1, ORDER, REQUEST_ID) is None


def test_the_old_version_goes_when_nobody_is_under_it(scene: KeyScene, ana: Phone) -> None:
    world, retirement = scene.world, scene.parts.retirement
    with pytest.raises(ValueError, match="wait until its successor writes"):
        retirement.retire_secret(INDEX, 1, ORDER, REQUEST_ID)
    written(world)
    with pytest.raises(ValueError, match="reindex them first"):
        retirement.retire_secret(INDEX, 1, ORDER, REQUEST_ID)
    scene.parts.reindex.run(START, REQUEST_ID)
    retirement.retire_secret(INDEX, 1, ORDER, REQUEST_ID)
    assert audited(world, "key.retired") == 1
    user_id = ana.user_id
    for _ in range(2):  # a container that knows both still, and one that looked again
        assert ana.sign_in().body["is_new_user"] is False
        assert ana.user_id == user_id
        renew_container(world)
    assert world.person("new@example.com").sign_in().status == 200


def test_a_third_version_follows_the_second(scene: KeyScene, ana: Phone) -> None:
    world, user_id = scene.world, ana.user_id
    written(world)
    scene.parts.rotation.rotate(INDEX, REQUEST_ID)  # the first is in use still
    written(world)
    assert ana.sign_in().body["is_new_user"] is False
    assert (ana.user_id, versions(world)["identities"]) == (user_id, [3])
    for version in (1, 2):
        scene.parts.retirement.retire_secret(INDEX, version, ORDER, REQUEST_ID)


def test_the_status_counts_by_version_and_the_functions_do_it_all(
    scene: KeyScene, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = scene.world
    monkeypatch.setattr(wiring, "settings", lambda: world.settings)
    assert json.loads(json.dumps(app.keys_status({}, None)))["index"] == [
        {"version": 1, "people": 1, "identities": 1, "devices": 1}
    ]
    for column in ("created_at", "activates_at"):  # these functions have the real time
        world.execute(f"UPDATE service_keys SET {column} = now() - interval '1 h'")  # noqa: S608 - names of ours
    assert json.loads(json.dumps(app.reindex({}, None)))["moved"] == 1
    retired = app.retire_key({"use": "blind_index", "version": 1, "actor": "ops", "reason": "rotated"}, None)
    assert retired == {"retired": "blind_index:1", "successor": None}
    assert [row["version"] for row in app.keys_status({}, None)["index"]] == [2]


def test_new_people_are_of_the_new_version(world: World) -> None:
    rotated(world)
    load(world)
    phone = world.person()
    assert phone.sign_in().status == 200
    assert versions(world) == {"users": [2], "identities": [2], "devices": [2]}
