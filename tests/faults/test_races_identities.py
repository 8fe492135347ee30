"""Linking and unlinking at once, with each other, a first sign-in, an erasure: one order, one owner."""

import pytest

from chalicelib.domain.providers import APPLE
from tests.http.test_identities import PATH, link, link_body, listed, unlink
from tests.races import at_once, audited
from tests.world import Phone, World


@pytest.fixture
def ana(world: World) -> Phone:
    phone = world.person()
    phone.sign_in()
    return phone


@pytest.fixture
def apple(world: World) -> Phone:
    return world.person("hidden@privaterelay.appleid.com", device="device-2", provider=APPLE)


def test_one_identity_linked_by_two_people_at_once_is_one_persons(
    world: World, ana: Phone, apple: Phone
) -> None:
    eva = world.person("eva@example.com", device="device-3")
    eva.sign_in()
    first, second = link_body(apple), link_body(apple)
    replies = at_once(
        [
            lambda: world.call("POST", PATH, first, token=ana.access_token),
            lambda: world.call("POST", PATH, second, token=eva.access_token),
        ]
    )
    assert sorted(str(reply.code) for reply in replies) == ["None", "identity_in_use"]
    assert audited(world, "identity.linked") == 1
    assert len(listed(ana)) + len(listed(eva)) == 3


def test_both_identities_removed_at_once_leaves_one(world: World, ana: Phone, apple: Phone) -> None:
    link(ana, apple)
    apple.sign_in()
    both = [each["id"] for each in listed(ana)]
    replies = at_once([lambda: unlink(ana, both[0]), lambda: unlink(apple, both[1])])
    assert sorted(str(reply.code) for reply in replies) == ["None", "last_identity"]
    assert world.rows("SELECT count(*) FROM identities") == [(1,)]


def test_a_link_sent_several_times_at_once_is_one(world: World, ana: Phone, apple: Phone) -> None:
    body = link_body(apple)
    replies = at_once([lambda: world.call("POST", PATH, body, token=ana.access_token)] * 6)
    assert {reply.status for reply in replies} == {200}
    assert len({reply.body["id"] for reply in replies}) == 1
    assert audited(world, "identity.linked") == 1


def test_a_link_and_a_first_sign_in_of_one_identity_make_one_owner(
    world: World, ana: Phone, apple: Phone
) -> None:
    body = link_body(apple)
    linked, signed_in = at_once(
        [lambda: world.call("POST", PATH, body, token=ana.access_token), apple.sign_in]
    )
    assert signed_in.status == 200
    owners = world.rows("SELECT count(*) FROM identities WHERE provider = 'apple'")
    assert owners == [(1,)]
    assert (linked.status == 200) == (apple.user_id == ana.user_id)


def test_a_link_during_an_erasure_leaves_nothing_behind(world: World, ana: Phone, apple: Phone) -> None:
    body = link_body(apple)
    at_once(
        [
            lambda: world.call("POST", PATH, body, token=ana.access_token),
            lambda: world.call("DELETE", "/account", {"confirm": True}, token=ana.access_token),
        ]
    )
    assert world.rows("SELECT count(*) FROM identities") == [(0,)]
