"""Reading one's own profile, decrypted for nobody else."""

import pytest

from tests.world import Phone, World


@pytest.fixture
def ana(world: World) -> Phone:
    phone = world.person()
    phone.sign_in()
    return phone


def test_a_person_reads_what_google_said_of_them(world: World, ana: Phone) -> None:
    profile = ana.get("/account").body
    assert profile == ana.answer["user"]
    assert (profile["email"], profile["email_verified"]) == ("ana@example.com", True)
    assert (profile["name"], profile["given_name"], profile["family_name"]) == ("Ana Diaz", "Ana", "Diaz")
    assert profile["created_at"] == world.clock.now().strftime("%Y-%m-%dT%H:%M:%SZ")
    assert profile["picture"].startswith("https://")


def test_what_google_never_told_is_null(world: World) -> None:
    phone = world.person(name="Cher")
    phone.sign_in()
    assert phone.get("/account").body["family_name"] is None


def test_each_person_reads_their_own_profile(world: World, ana: Phone) -> None:
    eve = world.person("eve@example.com", "Eve Adams")
    eve.sign_in()
    assert (ana.get("/account").body["name"], eve.get("/account").body["name"]) == ("Ana Diaz", "Eve Adams")


def test_every_device_of_a_person_reads_the_same_profile(world: World, ana: Phone) -> None:
    tablet = world.person(device="device-2")
    tablet.sign_in()
    assert ana.get("/account").body == tablet.get("/account").body


def test_a_profile_in_any_script_comes_back_as_it_came(world: World) -> None:
    name = "Ñandú 陳大文 \N{WOMAN}\N{ZERO WIDTH JOINER}\N{ROCKET}"
    phone = world.person("nandu@example.com", name)
    phone.sign_in()
    assert phone.get("/account").body["name"] == phone.refresh().body["user"]["name"] == name


def test_an_account_of_two_containers_is_one(world: World, ana: Phone) -> None:
    profile = ana.get("/account").body
    world.services = world.container()
    assert ana.get("/account").body == profile
