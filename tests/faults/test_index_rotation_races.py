"""While the index key is rotated, a person is one, whichever version a container writes (F-30, F-31)."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest

from chalicelib.assembly.key_life import KeyLifeParts
from chalicelib.domain.key_life import ReindexProgress
from chalicelib.domain.providers import APPLE
from tests.http.test_identities import PATH, link_body
from tests.index_scenes import INDEX, LATER, ORDER, beside, load, versions
from tests.key_scenes import DAY, REQUEST_ID, KeyScene
from tests.races import at_once, audited, live_sessions
from tests.world import Phone, Reply, World

NOW = timedelta(0)


@pytest.fixture
def overlap(world: World) -> Iterator[tuple[World, World]]:
    """A container whose clock says that the old version writes, and one whose clock says the new one."""
    load(world)
    KeyScene(world).parts.rotation.rotate(INDEX, REQUEST_ID)
    older, newer = beside(world, NOW), beside(world, DAY)
    yield older, newer
    older.close()
    newer.close()


def phones(worlds: tuple[World, World], count: int, device: str) -> list[Phone]:
    return [worlds[number % 2].person(device=device.format(number)) for number in range(count)]


def assert_one_account(world: World, replies: list[Reply]) -> None:
    assert {reply.status for reply in replies} == {200}
    assert len({reply.body["user"]["id"] for reply in replies}) == 1
    assert world.rows("SELECT count(*) FROM users") == [(1,)]
    assert world.rows("SELECT count(*) FROM identities") == [(1,)]
    assert audited(world, "account.created") == 1


@pytest.mark.parametrize("attempt", range(3))
def test_first_sign_ins_under_both_versions_at_once_make_one_account(
    overlap: tuple[World, World], attempt: int
) -> None:
    replies = at_once([phone.sign_in for phone in phones(overlap, 16, f"phone-{attempt}-{{}}")])
    assert_one_account(overlap[0], replies)
    assert live_sessions(overlap[0]) == 16


def test_a_container_that_has_not_heard_of_the_new_version_makes_no_second_account(
    world: World, overlap: tuple[World, World]
) -> None:
    newer = overlap[1]
    at_once([phone.sign_in for phone in phones((world, newer), 16, "phone-{}")])  # `world` looked before it
    replies = [newer.person(device="another").sign_in(), world.person(device="one more").sign_in()]
    assert_one_account(world, replies)


def test_a_person_of_the_new_version_is_found_by_a_container_that_has_not_heard_of_it(
    world: World, overlap: tuple[World, World]
) -> None:
    first = overlap[1].person().sign_in()
    assert versions(world) == {"users": [2], "identities": [2], "devices": [2]}
    again = world.person().sign_in()  # it looks for the old index, would add a person, and must look again
    assert (again.status, again.body["is_new_user"]) == (200, False)
    assert again.body["user"]["id"] == first.body["user"]["id"]


@pytest.mark.parametrize("device", ["the same", "new"])
def test_one_device_under_both_versions_at_once_keeps_one_live_session(
    overlap: tuple[World, World], device: str
) -> None:
    assert overlap[0].person(device="the same").sign_in().status == 200
    replies = at_once([phone.sign_in for phone in phones(overlap, 16, device)])
    assert {reply.status for reply in replies} == {200}
    assert live_sessions(overlap[0]) == (1 if device == "the same" else 2)


@pytest.mark.parametrize("links", [0, 1])
def test_a_link_and_a_first_sign_in_under_different_versions_make_one_owner(
    overlap: tuple[World, World], links: int
) -> None:
    linking, entering = overlap[links], overlap[1 - links]
    ana, relay = linking.person(), "hidden@privaterelay.appleid.com"
    assert ana.sign_in().status == 200
    body = link_body(linking.person(relay, device="device-2", provider=APPLE))
    apple = entering.person(relay, device="device-2", provider=APPLE)
    linked, signed_in = at_once(
        [lambda: linking.call("POST", PATH, body, token=ana.access_token), apple.sign_in]
    )
    assert (signed_in.status, linked.code) in {(200, None), (200, "identity_in_use")}
    assert linking.rows("SELECT count(*) FROM identities WHERE provider = 'apple'") == [(1,)]
    assert (linked.status == 200) == (apple.user_id == ana.user_id)


def test_signing_in_never_goes_back_to_the_old_version(overlap: tuple[World, World]) -> None:
    older, newer = overlap
    for container in (older, newer, older):
        assert container.person().sign_in().status == 200
    assert versions(older) == {"users": [2], "identities": [2], "devices": [2]}


def test_nobody_is_under_a_version_that_was_retired_while_they_signed_up(
    world: World, overlap: tuple[World, World]
) -> None:
    older, newer = overlap
    # not of a KeyScene: that has a vault of its own, where the keys of these people are not
    retirement = KeyLifeParts(settings=newer.settings, database=newer.jobs, clock=newer.clock).retirement
    with newer.jobs.transactions.begin():  # connected, so that it may be the first as well as the last
        pass
    signs_up: list[Callable[[], object]] = [older.person(f"{n}@example.com").sign_in for n in range(8)]
    newer.clock.advance(timedelta(minutes=6))

    def retires() -> str:
        try:
            retirement.retire_secret(INDEX, 1, ORDER, REQUEST_ID)
        except ValueError:
            return "refused"
        return "retired"

    *replies, outcome = at_once([*signs_up, retires])
    assert {reply.status for reply in replies if isinstance(reply, Reply)} == {200}
    assert outcome == "refused" or set(versions(world)["identities"]) == {2}
    for number in range(8):
        again = newer.person(f"{number}@example.com").sign_in()
        assert (again.status, again.body["is_new_user"]) == (200, False)


def test_reindexing_while_people_sign_in_loses_nobody(world: World) -> None:
    scene = KeyScene(world)
    people = scene.people(6)
    ids = {phone.email: phone.user_id for phone in people}
    scene.parts.rotation.rotate(INDEX, REQUEST_ID)
    world.clock.advance(LATER)
    load(world)
    runs: list[Callable[[], object]] = [
        lambda: scene.parts.reindex.run(ReindexProgress(), REQUEST_ID) for _ in range(2)
    ]
    at_once([*(phone.sign_in for phone in people), *runs])
    assert {phone.email: phone.user_id for phone in people} == ids
    assert {phone.sign_in().status for phone in people} == {200}
    assert {phone.email: phone.user_id for phone in people} == ids
    assert set(versions(world)["identities"]) == {2}
