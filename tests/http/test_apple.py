"""Sign in with Apple, where it differs: who tells the name, how nonces are hashed, what its keys sign."""

from hashlib import sha256

import jwt
import pytest

from chalicelib.clients.base64url import decode_base64url, encode_base64url
from chalicelib.clients.signatures import P256_BYTES, P256_ORDER
from chalicelib.domain.providers import APPLE, GOOGLE, OidcProvider
from local.dev_apple import BUNDLE, IOS_BUNDLE, relay_for
from tests.http.test_statements import counted
from tests.offering import offer_only
from tests.world import Phone, World

USER = {"name": {"given_name": "Ana", "family_name": "Diaz"}}


@pytest.fixture
def ana(world: World) -> Phone:
    return world.person(provider=APPLE)


def names(phone: Phone) -> tuple[str | None, ...]:
    user = phone.answer["user"]
    return user["name"], user["given_name"], user["family_name"]


def test_the_name_that_the_app_was_told_is_taken_at_the_first_sign_in(ana: Phone) -> None:
    ana.sign_in(user=USER)
    assert names(ana) == ("Ana Diaz", "Ana", "Diaz")
    assert ana.get("/account").body["name"] == "Ana Diaz"
    assert ana.refresh().body["user"]["name"] == "Ana Diaz"


def test_a_name_that_comes_later_is_not_taken(ana: Phone) -> None:
    ana.sign_in(user=USER)
    ana.sign_in(user={"name": {"given_name": "Somebody", "family_name": "Else"}})
    assert names(ana) == ("Ana Diaz", "Ana", "Diaz")
    assert ana.get("/account").body["name"] == "Ana Diaz"


def test_a_name_that_was_refused_for_consents_is_taken_when_they_come(ana: Phone) -> None:
    token = ana.id_token()
    assert ana.sign_in(token, user=USER, consents=[]).code == "consent_required"
    ana.sign_in(token, user=USER)
    assert names(ana) == ("Ana Diaz", "Ana", "Diaz")


def test_the_retry_of_a_lost_first_sign_in_shows_the_name_too(ana: Phone) -> None:
    token = ana.id_token()
    first = ana.sign_in(token, user=USER).body
    again = ana.sign_in(token).body
    assert (again["user"], again["refresh_token"]) == (first["user"], first["refresh_token"])


@pytest.mark.parametrize(
    ("user", "name"),
    [
        (None, None),
        ({}, None),
        ({"name": None}, None),
        ({"name": {}}, None),
        ({"name": {"given_name": None, "family_name": "Diaz"}}, "Diaz"),
        ({"name": {"given_name": "Ana"}}, "Ana"),
        ({"name": {"given_name": " ", "family_name": "\n"}}, None),
        ({"name": {"given_name": "Ana", "family_name": ""}}, "Ana"),
        ({"name": {"given_name": "A\nna", "family_name": 7}}, "Ana"),
        ({"name": {"given_name": "x" * 256}}, "x" * 255),
        ({"name": {"given_name": "x" * 200, "family_name": "y" * 200}}, "x" * 200 + " " + "y" * 54),
        ({"name": {"givenName": "Ana"}}, None),
        ({"name": "Ana Diaz", "email": "eva@example.com"}, None),  # only the token tells it
        ("Ana", None),
    ],
)
def test_whatever_there_is_of_a_name_is_taken(ana: Phone, user: object, name: str | None) -> None:
    told = ana.sign_in(user=user, authorization_code="").body["user"]
    assert (told["name"], told["email"]) == (name, ana.email)


def test_an_authorization_code_may_come_along(world: World, ana: Phone) -> None:
    assert ana.sign_in(authorization_code=world.apple.code()).status == 200


def test_a_hidden_address_is_an_address_like_others(world: World, ana: Phone) -> None:
    hidden = relay_for(ana.email)
    assert ana.sign_in(ana.id_token(email=hidden)).body["user"]["email"] == hidden
    assert ana.answer["user"]["email_verified"] is True  # Apple writes "true"
    assert world.rows("SELECT count(*) FROM identities WHERE email_index IS NOT NULL") == [(1,)]


def test_apples_word_for_it_is_the_hash_of_the_nonce(world: World, ana: Phone) -> None:
    nonce = world.call("POST", "/auth/challenge").body["nonce"]  # GG7
    hashed = sha256(nonce.encode()).hexdigest()
    raw, right = (
        ana.id_token(audience=IOS_BUNDLE, nonce=nonce),
        ana.id_token(audience=IOS_BUNDLE, nonce=hashed),
    )
    assert ana.sign_in(raw, nonce=nonce).code == "invalid_nonce"
    assert ana.sign_in(right).code == "nonce_required"
    assert ana.sign_in(right, nonce=nonce).status == 200
    again = ana.id_token(audience=IOS_BUNDLE, nonce=hashed)
    assert ana.sign_in(again, nonce=nonce).code == "invalid_nonce"


def test_the_same_address_at_two_providers_is_two_people(world: World, ana: Phone) -> None:
    ana.sign_in()  # GG5
    google = world.person(device="device-2")
    google.sign_in()
    assert (google.email, google.answer["is_new_user"]) == (ana.email, True)
    assert google.user_id != ana.user_id


@pytest.mark.parametrize(("mine", "other"), [(GOOGLE, APPLE), (APPLE, GOOGLE)], ids=lambda one: one.name)
def test_the_token_of_one_provider_is_refused_at_the_other(
    world: World, mine: OidcProvider, other: OidcProvider
) -> None:
    token, before = world.person(provider=mine).id_token(), world.stored()
    assert world.person(provider=other).sign_in(token).code == "invalid_id_token"
    assert world.stored() == before


def test_google_s_words_signed_by_apples_key_are_refused(world: World, ana: Phone) -> None:
    claims = jwt.decode(world.person().id_token(), options={"verify_signature": False})
    for path in ("/auth/google", "/auth/apple"):
        reply = world.call("POST", path, ana.sign_in_body(world.apple.sign(claims)))
        assert reply.code == "invalid_id_token"


def test_a_notice_of_apple_signs_nobody_in(ana: Phone) -> None:
    notice = ana.id_token(events='{"type": "consent-revoked"}')  # RFC 8417 s2.2
    assert ana.sign_in(notice).code == "invalid_id_token"


def test_the_other_signature_that_anyone_can_make_of_it_is_the_same_token(ana: Phone) -> None:
    token = ana.id_token()
    signed, _, signature = token.rpartition(".")
    raw = decode_base64url(signature.encode())
    s = P256_ORDER - int.from_bytes(raw[P256_BYTES:], "big")
    twin = encode_base64url(raw[:P256_BYTES] + s.to_bytes(P256_BYTES, "big")).decode()
    first = ana.sign_in(token).body
    assert ana.sign_in(f"{signed}.{twin}").body["refresh_token"] == first["refresh_token"]  # the exact retry
    assert (
        ana.sign_in(f"{signed}.{twin}", device={"id": "2", "platform": "ios"}).code == "id_token_used"
    )  # GG8


def test_without_its_settings_there_is_no_apple(world: World, ana: Phone) -> None:
    offer_only(world, GOOGLE)
    assert (ana.sign_in().status, ana.sign_in().code) == (404, "not_found")
    assert world.person().sign_in().status == 200


def test_a_known_persons_sign_in_costs_what_googles_does_as_long_as_the_token_says_all(
    world: World, ana: Phone
) -> None:
    ana.sign_in()
    with counted(world) as count:
        assert ana.sign_in().status == 200
    assert (len(count.statements), count.alone) == (1, [True])


def test_a_name_that_the_token_never_has_costs_one_statement_more(world: World, ana: Phone) -> None:
    ana.sign_in(user=USER)
    with counted(world) as count:
        assert ana.sign_in().body["user"]["name"] == "Ana Diaz"
    assert (len(count.statements), count.alone) == (2, [True] * 2)


def test_the_token_names_the_bundle_that_the_person_came_through(ana: Phone) -> None:
    ana.sign_in()
    claims = jwt.decode(ana.access_token, options={"verify_signature": False})
    assert claims["client_id"] == BUNDLE
