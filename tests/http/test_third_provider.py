"""A third provider is one declaration: this one, and nothing else of the service is told about it."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import jwt
import pytest

from chalicelib.domain.id_tokens import NonceForm, Provider
from chalicelib.domain.keys import SigningAlgorithm
from chalicelib.domain.providers import PROVIDERS, OidcProvider
from chalicelib.routes.all import ROUTES
from chalicelib.routes.sign_in import sign_in_route
from chalicelib.settings import InvalidSettings, from_environment
from local.dev_keys import p256_key
from local.dev_server import published, serving
from local.drill_database import database_of
from tests import declared
from tests.conftest import Parts
from tests.world import World

ACME = OidcProvider(
    name=Provider("acme"),
    title="Acme",
    issuer="https://login.acme.example",
    keys_url="https://login.acme.example/jwks",
    algorithms=frozenset({SigningAlgorithm.ES256}),
    lifetime_max=timedelta(hours=1),
    nonces=frozenset({NonceForm.raw}),
)
CLIENT = "acme-client"
KID = "acme-1"


class Acme:
    """The provider itself: a key, tokens, and where its key is published."""

    def __init__(self, folder: Path) -> None:
        self.key = p256_key(folder)

    def token(self, nonce: str, now: float) -> str:
        claims = {"iss": ACME.issuer, "aud": CLIENT, "sub": "ana", "nonce": nonce, "email": "ana@example.com"}
        times = {"iat": int(now), "exp": int(now) + 600}
        return jwt.encode(claims | times, self.key, algorithm="ES256", headers={"kid": KID})

    def jwks(self) -> dict[str, Any]:
        public = jwt.algorithms.ECAlgorithm.to_jwk(self.key.public_key(), as_dict=True)
        return {"keys": [public | {"kid": KID, "use": "sig", "alg": "ES256"}]}


@pytest.fixture
def acme(tmp_path: Path) -> Acme:
    return Acme(tmp_path / "acme")


@pytest.fixture
def declaring(parts: Parts, world: World, acme: Acme, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """A service that was built with the declaration and configured for it."""
    route = sign_in_route(ACME)
    monkeypatch.setattr(declared, "ROUTES", (*ROUTES, route))
    client = {"client_id": CLIENT, "platforms": ["web"], "nonce": "raw"}
    with serving({("GET", "/jwks"): published(acme.jwks())}, "acme") as url:
        own = {
            "ACME_CLIENTS": json.dumps([client]),
            "ACME_KEYS_URL": f"{url}/jwks",
            "VAULT_TABLE": world.settings.vault_table,
        }
        told = parts.environment(database_of(world.owner_url)) | own
        settings = from_environment(told, providers=(*PROVIDERS.values(), ACME))
        one = World(settings, world.owner_url, world.people, route)
        yield one
        one.close()


def test_whom_a_third_provider_vouches_for_signs_in(declaring: World, acme: Acme) -> None:
    nonce = declaring.call("POST", "/auth/challenge").body["nonce"]
    token = acme.token(nonce, declaring.clock.now().timestamp())
    body = declaring.person().sign_in_body(token, nonce=nonce, device={"id": "1", "platform": "web"})
    reply = declaring.call("POST", "/auth/acme", body)
    assert (reply.status, reply.body["is_new_user"]) == (200, True)
    assert declaring.rows("SELECT provider FROM identities") == [("acme",)]
    assert declaring.call("POST", "/auth/google", body).code == "invalid_id_token"
    assert declaring.call("GET", "/health/ready").status == 200


def test_its_nonce_is_demanded_as_its_client_is_set_up(declaring: World, acme: Acme) -> None:
    token = acme.token("made-up", declaring.clock.now().timestamp())
    body = declaring.person().sign_in_body(token, device={"id": "1", "platform": "web"})
    assert declaring.call("POST", "/auth/acme", body).code == "nonce_required"


def test_a_nonce_form_that_is_not_its_own_is_a_wrong_setting() -> None:
    client = {"client_id": CLIENT, "platforms": ["web"], "nonce": "sha256"}
    told = {"ACME_CLIENTS": json.dumps([client]), "ACME_KEYS_URL": ACME.keys_url}
    with pytest.raises(InvalidSettings) as caught:
        from_environment(told, providers=(ACME,))
    assert "ACME_CLIENTS" in caught.value.names
    assert "ACME_KEYS_URL" not in caught.value.names
