"""A third provider is one declaration: this one, and nothing else of the service is told about it."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from chalicelib.domain.id_tokens import NonceForm, Provider
from chalicelib.domain.keys import SigningAlgorithm
from chalicelib.domain.providers import PROVIDERS, OidcProvider
from chalicelib.routes.all import ROUTES
from chalicelib.routes.sign_in import sign_in_route
from chalicelib.settings import InvalidSettings, from_environment
from local.dev_oidc import DevOidc
from local.drill_database import database_of
from tests import declared
from tests.conftest import Parts
from tests.world import World

INITECH = OidcProvider(
    name=Provider("initech"),
    title="Initech",
    issuer="https://login.initech.example",
    keys_url="https://login.initech.example/jwks",
    algorithms=frozenset({SigningAlgorithm.ES256}),
    lifetime_max=timedelta(hours=1),
    nonces=frozenset({NonceForm.raw}),
)
CLIENT = "initech-client"


@pytest.fixture
def initech(tmp_path: Path) -> DevOidc:
    """The development provider that is made of the declaration."""
    return DevOidc(INITECH, tmp_path / "initech")


@pytest.fixture
def declaring(
    parts: Parts, world: World, initech: DevOidc, monkeypatch: pytest.MonkeyPatch
) -> Iterator[World]:
    """A service that was built with the declaration and configured for it."""
    route = sign_in_route(INITECH)
    monkeypatch.setattr(declared, "ROUTES", (*ROUTES, route))
    with initech.serve() as url:
        own = {
            "INITECH_CLIENTS": json.dumps(initech.clients()),
            "INITECH_KEYS_URL": url,
            "VAULT_TABLE": world.settings.vault_table,
        }
        told = parts.environment(database_of(world.owner_url)) | own
        settings = from_environment(told, providers=(*PROVIDERS.values(), INITECH))
        one = World(settings, world.owner_url, world.people, route)
        yield one
        one.close()


def id_token(initech: DevOidc, world: World, nonce: str) -> str:
    now = world.clock.now()
    return initech.token(subject="ana", email="ana@example.com", name="Ana Diaz", now=now, nonce=nonce)


def test_whom_a_third_provider_vouches_for_signs_in(declaring: World, initech: DevOidc) -> None:
    nonce = declaring.call("POST", "/auth/challenge").body["nonce"]
    token = id_token(initech, declaring, nonce)
    body = declaring.person().sign_in_body(token, nonce=nonce, device={"id": "1", "platform": "web"})
    reply = declaring.call("POST", "/auth/initech", body)
    assert (reply.status, reply.body["is_new_user"]) == (200, True)
    assert declaring.rows("SELECT provider FROM identities") == [("initech",)]
    assert declaring.call("POST", "/auth/google", body).code == "invalid_id_token"
    assert declaring.call("GET", "/health/ready").status == 200


def test_its_nonce_is_demanded_as_its_client_is_set_up(declaring: World, initech: DevOidc) -> None:
    token = id_token(initech, declaring, "made-up")
    body = declaring.person().sign_in_body(token, device={"id": "1", "platform": "web"})
    assert declaring.call("POST", "/auth/initech", body).code == "nonce_required"


def test_a_nonce_form_that_is_not_its_own_is_a_wrong_setting() -> None:
    client = {"client_id": CLIENT, "platforms": ["web"], "nonce": "sha256"}
    told = {"INITECH_CLIENTS": json.dumps([client]), "INITECH_KEYS_URL": INITECH.keys_url}
    with pytest.raises(InvalidSettings) as caught:
        from_environment(told, providers=(INITECH,))
    assert "INITECH_CLIENTS" in caught.value.names
    assert "INITECH_KEYS_URL" not in caught.value.names
