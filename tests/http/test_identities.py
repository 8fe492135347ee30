"""Several providers for one person: added with proof, removed while another is left, never by e-mail."""

from hashlib import sha256
from typing import Any
from uuid import uuid4

import pytest

from chalicelib.domain.identities import IDENTITIES_MAX
from chalicelib.domain.providers import APPLE
from local.dev_google import subject_for
from tests.http.test_statements import counted
from tests.races import live_sessions
from tests.world import Phone, Reply, World

PATH = "/account/identities"


@pytest.fixture
def ana(world: World) -> Phone:
    phone = world.person()
    phone.sign_in()
    return phone


@pytest.fixture
def apple(world: World) -> Phone:
    """Ana again, as Apple knows her."""
    return world.person("hidden@privaterelay.appleid.com", device="device-2", provider=APPLE)


def nonce_for(world: World, purpose: str = "link_identity") -> str:
    return str(world.call("POST", "/auth/challenge", {"purpose": purpose}).body["nonce"])


def link_body(identity: Phone, **changes: object) -> dict[str, Any]:
    nonce = nonce_for(identity.world)
    token = identity.id_token(nonce=nonce)
    return {"provider": identity.provider.name, "id_token": token, "nonce": nonce} | changes


def link(phone: Phone, identity: Phone, **changes: object) -> Reply:
    return phone.world.call("POST", PATH, link_body(identity, **changes), token=phone.access_token)


def unlink(phone: Phone, identity_id: str) -> Reply:
    return phone.delete(f"{PATH}/{identity_id}")


def listed(phone: Phone) -> list[dict[str, Any]]:
    return list(phone.get(PATH).body["identities"])


def providers(phone: Phone) -> list[str]:
    return [each["provider"] for each in listed(phone)]


def test_a_person_sees_how_they_sign_in(ana: Phone) -> None:
    (only,) = listed(ana)
    assert only == {"id": only["id"], "provider": "google", "linked_at": ana.answer["user"]["created_at"]}


def test_a_linked_identity_signs_in_to_the_same_account(world: World, ana: Phone, apple: Phone) -> None:
    reply = link(ana, apple)
    assert (reply.status, reply.body["provider"]) == (200, "apple")
    assert [each["id"] for each in listed(ana)][1:] == [reply.body["id"]]
    assert apple.sign_in().body["is_new_user"] is False
    assert apple.user_id == ana.user_id
    assert world.rows("SELECT count(*) FROM users") == [(1,)]
    assert "identity.linked" in world.kinds_of_acts(ana.user_id)


def test_another_account_at_the_same_provider_can_be_linked_too(world: World, ana: Phone) -> None:
    work = world.person("ana@clinic.example", device="device-2")
    assert link(ana, work).status == 200
    work.sign_in()
    assert (work.user_id, providers(ana)) == (ana.user_id, ["google", "google"])


def test_the_profile_stays_what_the_first_identity_says(world: World, ana: Phone, apple: Phone) -> None:
    link(ana, apple)
    name = {"name": {"given_name": "Somebody", "family_name": "Else"}}
    shown = apple.sign_in(user=name).body["user"]
    assert (shown["email"], shown["name"]) == (ana.email, ana.name)
    assert apple.refresh().body["user"] == shown
    assert ana.get("/account").body["email"] == ana.email
    assert len(set(world.rows("SELECT email_index FROM identities"))) == 2  # each its own address
    ana.sign_in(ana.id_token(name="Ana Maria Diaz"))
    assert apple.refresh().body["user"]["name"] == "Ana Maria Diaz"


def test_when_the_first_is_removed_the_next_one_speaks(ana: Phone, apple: Phone) -> None:
    link(ana, apple)
    assert unlink(ana, listed(ana)[0]["id"]).status == 204
    assert ana.get("/account").body["email"] == ana.email  # until it says something
    assert apple.sign_in().body["user"]["email"] == apple.email
    assert apple.answer["user"]["name"] == ana.name  # of which Apple says nothing


def test_the_same_address_links_nothing(world: World, ana: Phone) -> None:
    same = world.person(ana.email, device="device-2", provider=APPLE)
    assert same.sign_in().body["is_new_user"] is True
    assert same.user_id != ana.user_id
    assert providers(ana) == ["google"]


def test_an_identity_of_somebody_else_is_refused(world: World, ana: Phone, apple: Phone) -> None:
    apple.sign_in()
    before = world.stored()
    reply = link(ana, apple)
    assert (reply.status, reply.code, reply.body["action"]) == (409, "identity_in_use", "contact_support")
    assert world.stored() == before
    assert (providers(ana), providers(apple)) == (["google"], ["apple"])


def test_a_lost_answer_is_given_again(world: World, ana: Phone, apple: Phone) -> None:
    body = link_body(apple)
    first = world.call("POST", PATH, body, token=ana.access_token)
    before = world.stored()
    again = world.call("POST", PATH, body, token=ana.access_token)
    assert (again.status, again.body) == (200, first.body)
    assert world.stored() == before


def test_the_token_that_linked_signs_nobody_in(world: World, ana: Phone, apple: Phone) -> None:
    body = link_body(apple)
    assert world.call("POST", PATH, body, token=ana.access_token).status == 200
    apple.device = ana.device
    before = live_sessions(world)
    assert apple.sign_in(body["id_token"]).code == "id_token_used"  # GG8
    assert live_sessions(world) == before


def test_a_token_that_signed_in_links_nothing(world: World, ana: Phone, apple: Phone) -> None:
    body = link_body(apple)
    apple.sign_in(body["id_token"])
    eva = world.person("eva@example.com", device="device-3")
    eva.sign_in()
    assert world.call("POST", PATH, body, token=eva.access_token).code == "identity_in_use"
    assert unlink(apple, listed(apple)[0]["id"]).code == "last_identity"


def test_the_nonce_is_one_for_linking_and_stands_in_the_token(world: World, ana: Phone, apple: Phone) -> None:
    for nonce in (nonce_for(world, "sign_in"), "made-up"):  # a token asked for a sign-in must not link
        assert (
            link(ana, apple, nonce=nonce, id_token=apple.id_token(nonce=nonce)).code == "identity_not_proved"
        )
    assert link(ana, apple, id_token=apple.id_token()).code == "identity_not_proved"
    assert link(ana, apple, id_token=apple.id_token(nonce=nonce_for(world))).code == "identity_not_proved"
    assert providers(ana) == ["google"]


def test_a_nonce_links_once(world: World, ana: Phone, apple: Phone) -> None:
    body = link_body(apple)
    assert world.call("POST", PATH, body, token=ana.access_token).status == 200
    work = world.person("ana@clinic.example")
    second = link(ana, work, nonce=body["nonce"], id_token=work.id_token(nonce=body["nonce"]))
    assert second.code == "identity_not_proved"


def test_apples_hashed_nonce_links_as_it_signs_in(ana: Phone, apple: Phone) -> None:
    nonce = nonce_for(ana.world)
    hashed = sha256(nonce.encode()).hexdigest()
    assert link(ana, apple, nonce=nonce, id_token=apple.id_token(nonce=hashed)).status == 200


@pytest.mark.parametrize("provider", ["google", "apple"])
def test_a_token_of_another_provider_links_nothing(
    world: World, ana: Phone, apple: Phone, provider: str
) -> None:
    other = apple if provider == "google" else world.person("ana@clinic.example")
    reply = link(ana, other, provider=provider)
    assert (reply.status, reply.code, reply.body["action"]) == (400, "identity_not_proved", "restart")
    assert ana.refresh().status == 200  # nothing is wrong with the tokens of who asks


def test_an_unknown_provider_is_refused_by_the_declaration(ana: Phone, apple: Phone) -> None:
    reply = link(ana, apple, provider="myspace")
    assert reply.body["errors"] == [{"pointer": "/provider", "code": "not_allowed"}]


def test_a_removed_identity_is_a_stranger_and_its_sessions_go_on(
    world: World, ana: Phone, apple: Phone
) -> None:
    identity = link(ana, apple).body["id"]
    apple.sign_in()
    assert unlink(ana, identity).status == 204
    assert apple.refresh().status == 200  # unlinking ends nothing else
    person = apple.user_id
    assert apple.sign_in().body["is_new_user"] is True
    assert apple.user_id != person
    assert world.kinds_of_acts(ana.user_id)[-1] == "session.refreshed"
    assert "identity.unlinked" in world.kinds_of_acts(ana.user_id)


def test_the_last_identity_stays(ana: Phone) -> None:
    reply = unlink(ana, listed(ana)[0]["id"])
    assert (reply.status, reply.code) == (409, "last_identity")
    assert ana.sign_in().body["is_new_user"] is False


def test_somebody_elses_identity_and_one_that_never_was_look_alike(
    world: World, ana: Phone, apple: Phone
) -> None:
    apple.sign_in()  # A1
    link(ana, world.person("ana@clinic.example"))
    for identity_id in (listed(apple)[0]["id"], str(uuid4())):
        assert unlink(ana, identity_id).code == "not_found"
    assert (len(listed(ana)), len(listed(apple))) == (2, 1)


def test_there_are_only_so_many(world: World, ana: Phone) -> None:
    for number in range(IDENTITIES_MAX - 1):
        assert link(ana, world.person(f"ana{number}@example.com")).status == 200
    reply = link(ana, world.person("ana.one.more@example.com"))
    assert (reply.status, reply.code, len(listed(ana))) == (409, "identity_limit_reached", IDENTITIES_MAX)


def test_a_suspended_person_links_nothing(world: World, ana: Phone, apple: Phone) -> None:
    world.suspend(ana.user_id)
    assert link(ana, apple).code == "account_suspended"
    assert unlink(ana, str(uuid4())).code == "account_suspended"


def test_the_export_shows_every_identity(ana: Phone, apple: Phone) -> None:
    link(ana, apple)
    exported = ana.get("/account/export").body
    told = {(each["provider"], each["subject"]) for each in exported["identities"]}
    assert ("google", subject_for(ana.email)) in told
    assert len(told) == 2
    assert {"provider": "apple"} in [event["details"] for event in exported["audit_events"]]


def test_erasing_forgets_every_identity(world: World, ana: Phone, apple: Phone) -> None:
    link(ana, apple)
    world.call("DELETE", "/account", {"confirm": True}, token=ana.access_token)
    assert world.rows("SELECT count(*) FROM identities") == [(0,)]
    assert apple.sign_in().body["is_new_user"] is True


def test_listing_is_one_statement(world: World, ana: Phone) -> None:
    with counted(world) as count:
        listed(ana)
    assert (len(count.statements), count.alone) == (1, [True])


def test_google_is_linked_to_an_account_that_apple_made(world: World, apple: Phone) -> None:
    apple.sign_in()
    assert link(apple, world.person()).body["provider"] == "google"
