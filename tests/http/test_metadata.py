"""The public documents, by which any gateway or backend verifies our tokens offline."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import jwt
import pytest

from chalicelib import wiring
from chalicelib.domain.keys import SigningAlgorithm
from chalicelib.functions import release
from chalicelib.routes.all import ROUTES
from chalicelib.stores.database import connect
from tests.world import World

CACHED = [route.path for route in ROUTES if route.cache is not None]
METADATA = ("/.well-known/openid-configuration", "/.well-known/oauth-authorization-server")


def verified_offline(world: World, token: str) -> Mapping[str, Any]:
    """Verify a token as a backend would that knows only the issuer: with the two public documents."""
    metadata = world.call("GET", METADATA[1]).body
    jwks = world.call("GET", metadata["jwks_uri"].removeprefix(world.settings.issuer_url)).body
    keys = {key["kid"]: jwt.PyJWK(key) for key in jwks["keys"]}
    header = jwt.get_unverified_header(token)
    options: Any = {"verify_exp": False, "verify_nbf": False, "verify_iat": False}  # time is made up here
    claims: Mapping[str, Any] = jwt.decode(
        token,
        keys[header["kid"]],
        algorithms=[keys[header["kid"]].algorithm_name],
        audience="serenya-api",
        issuer=metadata["issuer"],
        options=options,
    )
    return claims


def kids(world: World) -> set[str]:
    return {key["kid"] for key in world.call("GET", "/.well-known/jwks.json").body["keys"]}


def test_a_backend_verifies_our_token_with_the_public_documents_alone(world: World) -> None:
    ana = world.person()
    ana.sign_in()
    assert verified_offline(world, ana.access_token)["sub"] == ana.user_id


def test_the_key_set_shows_public_halves_of_p_256_and_nothing_else(world: World) -> None:
    [key] = world.call("GET", "/.well-known/jwks.json").body["keys"]
    assert key.keys() == {"kty", "kid", "use", "alg", "crv", "x", "y"}
    assert (key["kty"], key["use"], key["alg"], key["crv"]) == ("EC", "sig", "ES256", "P-256")


def test_tokens_are_rs256_where_a_consumer_knows_only_rsa(world: World) -> None:
    ana = world.person()
    ana.sign_in()
    before = ana.access_token
    settings = replace(world.settings, signing_algorithm=SigningAlgorithm.RS256)
    release.rotate_keys(settings, clock=world.clock)
    world.services = wiring.assemble(settings, clock=world.clock, database=world.database)
    ana.refresh()
    assert jwt.get_unverified_header(ana.access_token)["alg"] == "RS256"
    assert verified_offline(world, ana.access_token)["sub"] == ana.user_id
    for token in (ana.access_token, before):
        assert world.call("GET", "/sessions", token=token).status == 200
    configuration = world.call("GET", METADATA[0]).body
    assert configuration["id_token_signing_alg_values_supported"] == ["RS256"]


def test_a_next_key_is_published_a_day_before_its_use_and_the_old_one_stays_for_its_last_token(
    world: World,
) -> None:
    [first] = kids(world)
    ana = world.person()
    world.clock.advance(timedelta(days=89))
    release.rotate_keys(world.settings, clock=world.clock)
    world.clock.advance(timedelta(minutes=5))  # how long a container keeps what it knows
    published = kids(world)
    assert (first in published, len(published)) == (True, 2)
    ana.sign_in()
    assert jwt.get_unverified_header(ana.access_token)["kid"] == first
    world.clock.advance(timedelta(days=1) - timedelta(minutes=6))
    ana.refresh()
    last = ana.access_token
    assert jwt.get_unverified_header(last)["kid"] == first
    world.clock.advance(timedelta(minutes=2))
    ana.refresh()
    assert {jwt.get_unverified_header(ana.access_token)["kid"]} == published - {first}
    world.clock.advance(timedelta(minutes=12))
    assert world.call("GET", "/sessions", token=last).status == 200  # F-30
    assert verified_offline(world, last)["sub"] == ana.user_id


@pytest.mark.parametrize("path", METADATA)
def test_the_metadata_name_the_issuer_and_its_keys(world: World, path: str) -> None:
    metadata = world.call("GET", path).body
    assert metadata["issuer"] == world.settings.issuer_url
    assert metadata["jwks_uri"] == world.settings.issuer_url + "/.well-known/jwks.json"
    assert {"account", "app", "consents", "logout", "sessions"} <= set(metadata["scopes_supported"])


@pytest.mark.parametrize("path", METADATA)
def test_the_metadata_have_no_empty_list_and_name_nothing_that_does_not_exist(
    world: World, path: str
) -> None:
    metadata = world.call("GET", path).body
    assert [name for name, value in metadata.items() if value in ([], "", None)] == []  # RFC 8414 s3.2
    told = {name for name, value in metadata.items() if name.endswith(("_endpoint", "_uri"))}
    assert told == {"jwks_uri", "revocation_endpoint", "introspection_endpoint"}
    paths = {route.path for route in ROUTES}
    assert {metadata[name].removeprefix(world.settings.issuer_url) for name in told} <= paths
    absent = ("response_types_", "response_modes_", "grant_types_", "token_endpoint_", "code_challenge_")
    assert [name for name in metadata if name.startswith(absent)] == []


def test_only_the_declared_public_documents_may_be_kept() -> None:
    assert set(CACHED) == {
        "/.well-known/jwks.json",
        *METADATA,
        "/openapi.json",
        "/consents/documents",
    }


@pytest.mark.parametrize("path", CACHED)
def test_who_has_a_document_already_is_told_so(world: World, path: str) -> None:
    first = world.call("GET", path)
    etag = first.headers["ETag"]
    for known in (etag, f"W/{etag}", f'"other", {etag}', "*"):
        again = world.call("GET", path, headers={"if-none-match": known})
        assert (again.status, again.body, again.headers["ETag"]) == (304, None, etag)
    assert world.call("GET", path, headers={"if-none-match": '"other"'}).body == first.body


@pytest.mark.parametrize("path", ["/.well-known/jwks.json", *METADATA, "/openapi.json", "/health"])
def test_what_verifies_tokens_is_served_while_the_database_is_away(
    world: World, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    world.call("GET", "/.well-known/jwks.json")
    nowhere = connect("postgresql://serenya_app@127.0.0.1:1/nothing", connections_max=1)
    monkeypatch.setattr(world.database, "all", nowhere.all)
    world.clock.advance(timedelta(days=1))
    assert world.call("GET", path).status == 200  # F-1
