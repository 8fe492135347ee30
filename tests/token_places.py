"""Every place where the service takes a token, each with a genuine one and the way to show it."""

import json
from base64 import urlsafe_b64decode
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from chalicelib.domain.providers import APPLE, GOOGLE, OidcProvider
from local.dev_apple import subject_for
from tests.attacks import ATTACKERS, Signer
from tests.hardware_key import HardwareKey, begin, complete
from tests.proofs import PhoneKey
from tests.world import Phone, Reply, World

REFRESH = "/auth/refresh"


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a token is taken. `code` is what a wrong one is answered, `late` one whose time was long ago."""

    code: str
    late: str | None = None
    kind: str | None = None  # places of one kind take each other's tokens
    genuine: Callable[[], str]
    show: Callable[[str], Reply]
    signer: Callable[[], Signer]


def signed_in(world: World, name: str, provider: OidcProvider = GOOGLE, key: PhoneKey | None = None) -> Phone:
    phone = world.person(f"{name}@example.com", device=name, provider=provider, key=key)
    assert phone.sign_in().status == 200
    return phone


def _parts(token: str) -> list[dict[str, Any]]:
    return [json.loads(urlsafe_b64decode(part + "==")) for part in token.split(".")[:2]]


def _like(token: str, private: Any, time: str = "exp") -> Signer:  # noqa: ANN401 - any key of PyJWT's
    header, claims = _parts(token)
    return Signer(algorithm=header["alg"], private=private, header=header, claims=claims, time=time)


def _foreign() -> Signer:
    """Return who signs where no signature is asked for: whatever it makes, it is no token of ours."""
    claims = {"sub": "ana", "exp": 2**31, "iat": 1}
    header = {"alg": "ES256", "kid": "dev-1"}
    return Signer(algorithm="ES256", private=ATTACKERS["ES256"], header=header, claims=claims, time="exp")


def _key_of(world: World, provider: OidcProvider) -> Any:  # noqa: ANN401 - RSA or EC
    return world.google.private_key if provider is GOOGLE else world.apple.private_key


def _sign_in(world: World, provider: OidcProvider) -> Place:
    ana = world.person(f"{provider.name}@example.com", device=provider.name, provider=provider)
    return Place(
        code="invalid_id_token",
        kind=provider.name,
        genuine=ana.id_token,
        show=ana.sign_in,
        signer=lambda: _like(ana.id_token(), _key_of(world, provider)),
    )


def _link(world: World) -> Place:
    ana, apple = signed_in(world, "linker"), world.person("linked@example.com", provider=APPLE)
    challenge = {"purpose": "link_identity"}
    nonce = world.call("POST", "/auth/challenge", challenge).body["nonce"]
    return Place(
        code="identity_not_proved",
        kind="apple",
        genuine=lambda: apple.id_token(nonce=nonce),
        show=lambda token: ana.call(
            "POST",
            "/account/identities",
            {"provider": "apple", "id_token": token, "nonce": nonce},
            token=ana.access_token,
        ),
        signer=lambda: _like(apple.id_token(nonce=nonce), world.apple.private_key),
    )


def _notice(world: World) -> Place:
    subject = subject_for("noticed@example.com")

    def genuine() -> str:
        return world.apple.notice("consent-revoked", subject, world.clock.now())

    return Place(
        code="invalid_input",
        genuine=genuine,
        show=lambda token: world.call("POST", "/events/apple", {"payload": token}),
        signer=lambda: _like(genuine(), world.apple.private_key),
    )


def _access(world: World) -> Place:
    ana = signed_in(world, "bearer")
    keys = world.services.access._keyring.keys().token_keys
    private = keys[_parts(ana.access_token)[0]["kid"]].private
    return Place(
        code="invalid_token",
        late="token_expired",
        genuine=lambda: ana.access_token,
        show=lambda token: world.call("GET", "/sessions", token=token),
        signer=lambda: _like(ana.access_token, private),
    )


def _proof(world: World) -> Place:
    key = PhoneKey()
    ana = signed_in(world, "bound", key=key)

    def genuine() -> str:
        return key.proof("POST", REFRESH, world.clock.now())

    def show(proof: str) -> Reply:
        reply = world.call("POST", REFRESH, {"refresh_token": ana.refresh_token}, headers={"dpop": proof})
        return ana._keep(reply)

    return Place(
        code="invalid_dpop_proof",
        late="use_dpop_nonce",  # for phones whose clock is wrong
        genuine=genuine,
        show=show,
        signer=lambda: _like(genuine(), key.private, "iat"),
    )


def _refresh(world: World) -> Place:
    ana = signed_in(world, "refresher")
    return Place(
        code="refresh_token_invalid",
        genuine=lambda: ana.refresh_token,
        show=ana.refresh,
        signer=_foreign,
    )


def _nonce(world: World) -> Place:
    ana = world.person("nonced@example.com", device="nonced")

    def show(nonce: str) -> Reply:
        return ana.sign_in(ana.id_token(nonce=nonce), nonce=nonce)

    return Place(
        code="invalid_nonce",
        genuine=lambda: str(world.call("POST", "/auth/challenge").body["nonce"]),
        show=show,
        signer=_foreign,
    )


def _challenge(world: World) -> Place:
    ana, key = signed_in(world, "present"), HardwareKey()
    return Place(
        code="challenge_invalid",
        genuine=lambda: str(begin(ana, key).body["challenge"]),
        show=lambda challenge: complete(ana, key, challenge),
        signer=_foreign,
    )


PLACES: dict[str, Callable[[World], Place]] = {
    "Google's ID token": partial(_sign_in, provider=GOOGLE),
    "Apple's ID token": partial(_sign_in, provider=APPLE),
    "an ID token to link": _link,
    "Apple's notice": _notice,
    "an access token": _access,
    "a DPoP proof": _proof,
    "a refresh token": _refresh,
    "a sign-in nonce": _nonce,
    "a presence challenge": _challenge,
}
