"""The service's keys end to end: either algorithm, rotation under use, and keys that another KMS wrapped."""

from dataclasses import replace
from datetime import timedelta

import jwt
import pytest

from chalicelib.clients.jwt_keys import load_key
from chalicelib.domain.errors import IntegrityFailure
from chalicelib.domain.keys import PUBLISHED_BEFORE_USE, SIGNING_KEY_LIFETIME, SigningAlgorithm
from chalicelib.functions import release
from tests.conftest import Parts
from tests.world import Phone, World


def verified_by_anyone(world: World, phone: Phone) -> str:
    """Return the algorithm of an access token that a backend verified with nothing but our JWKS."""
    keys = world.call("GET", "/.well-known/jwks.json").body["keys"]
    header = jwt.get_unverified_header(phone.access_token)
    (key,) = [key for key in keys if key["kid"] == header["kid"]]
    options = {"verify_exp": False, "verify_iat": False, "verify_nbf": False}  # the world has its own time
    jwt.decode(
        phone.access_token,
        jwt.PyJWK(key).key,
        algorithms=[key["alg"]],
        audience=world.settings.audience,
        issuer=world.settings.issuer_url,
        options=options,  # type: ignore[arg-type] # a TypedDict, spelled out
    )
    return str(key["alg"])


def test_tokens_are_verified_by_anyone_with_our_public_keys(world: World) -> None:
    phone = world.person()
    phone.sign_in()
    assert verified_by_anyone(world, phone) == "ES256"


def test_a_service_told_so_signs_with_rsa_from_end_to_end(world: World) -> None:
    before = world.person()
    before.sign_in()
    settings = replace(world.settings, signing_algorithm=SigningAlgorithm.RS256)
    release.rotate_keys(settings)
    rsa = World(settings, world.owner_url, world.people)
    rsa.clock.advance(timedelta(seconds=2))
    phone = rsa.person("ben@example.com")
    assert phone.sign_in().status == 200
    assert verified_by_anyone(rsa, phone) == "RS256"
    assert phone.get("/account").status == 200
    assert rsa.call("GET", "/account", token=before.access_token).status == 200  # from before the change
    assert phone.refresh().status == 200
    rsa.close()


def test_a_rotation_under_use_fails_no_request(world: World) -> None:
    phone = world.person()
    phone.sign_in()
    first = jwt.get_unverified_header(phone.access_token)["kid"]
    world.clock.advance(SIGNING_KEY_LIFETIME - PUBLISHED_BEFORE_USE)
    phone.sign_in()
    release.rotate_keys(world.settings, clock=world.clock)  # F-30
    world.clock.advance(timedelta(hours=1))
    published = {key["kid"] for key in world.call("GET", "/.well-known/jwks.json").body["keys"]}
    assert len(published) == 2
    assert phone.refresh().status == 200
    assert jwt.get_unverified_header(phone.access_token)["kid"] == first
    world.clock.advance(PUBLISHED_BEFORE_USE - timedelta(hours=1, minutes=1))
    assert phone.refresh().status == 200
    last_of_old = phone.access_token
    world.clock.advance(timedelta(minutes=2))
    assert phone.refresh().status == 200
    assert jwt.get_unverified_header(phone.access_token)["kid"] in published - {first}
    assert world.call("GET", "/account", token=last_of_old).status == 200
    assert phone.get("/account").status == 200


def test_the_key_that_is_stored_is_wrapped(world: World) -> None:
    for (wrapped,) in world.rows("SELECT wrapped_private FROM signing_keys"):
        with pytest.raises(IntegrityFailure):
            load_key("any", SigningAlgorithm.ES256, bytes(wrapped))


def test_keys_that_another_kms_wrapped_are_503_and_not_ready(world: World, parts: Parts) -> None:
    service, signing = parts.resources.signing_kms_key_id, parts.resources.kms_key_id
    swapped = replace(
        world.settings,
        kms_key_id=service,
        kms_key_history=(service,),
        signing_kms_key_id=signing,
        signing_kms_key_history=(signing,),
    )
    other = World(swapped, world.owner_url, world.people)
    for reply in (other.person().sign_in(), other.call("GET", "/health/ready")):
        assert (reply.status, reply.code) == (503, "service_unavailable")
    assert other.call("GET", "/health").status == 200
    other.close()
