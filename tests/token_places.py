"""Every place where the service takes a token, by the route's name and what of a request holds the token.

The test of the corpus derives the same names from the routes' declarations, so that none is forgotten.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

from chalicelib.domain.providers import APPLE, GOOGLE, OidcProvider
from local.dev_apple import subject_for
from local.dev_google import subject_for as google_subject_for
from tests import token_places_phone as phone
from tests import token_places_quiet as quiet
from tests.attacks import BLANK_BEHIND, OF_OTHERS, TYPED_AS_EVENT
from tests.token_place import Place, like, own_key, signed_in
from tests.world import Phone, Reply, World

EVENT = "https://schemas.openid.net/secevent/risc/event-type/sessions-revoked"
SECURITY_EVENT = {"content-type": "application/secevent+jwt"}


def _key_of(world: World, provider: OidcProvider) -> Any:  # noqa: ANN401 - RSA or EC
    return world.google.private_key if provider is GOOGLE else world.apple.private_key


def _id_token(world: World, provider: OidcProvider) -> Place:
    ana = world.person(f"{provider.name}@example.com", device=provider.name, provider=provider)
    return Place(
        codes=frozenset({"invalid_id_token"}),
        by_intent=OF_OTHERS,
        kind=f"{provider.name}'s ID token",
        genuine=ana.id_token,
        show=ana.sign_in,
        signer=lambda: like(ana.id_token(), _key_of(world, provider)),
    )


def _nonce_to_link(world: World) -> str:
    return str(world.call("POST", "/auth/challenge", {"purpose": "link_identity"}).body["nonce"])


def _link(ana: Phone, token: str, nonce: str) -> Reply:
    body = {"provider": "apple", "id_token": token, "nonce": nonce}
    return ana.call("POST", "/account/identities", body, token=ana.access_token)


def _linked_id_token(world: World) -> Place:
    ana, apple = signed_in(world, "linker"), world.person("linked@example.com", provider=APPLE)
    nonce = _nonce_to_link(world)
    return Place(
        codes=frozenset({"identity_not_proved"}),
        by_intent=OF_OTHERS,
        kind="apple's ID token",
        genuine=lambda: apple.id_token(nonce=nonce),
        show=lambda token: _link(ana, token, nonce),
        signer=lambda: like(apple.id_token(nonce=nonce), world.apple.private_key),
    )


def _linking_nonce(world: World) -> Place:
    ana, apple = signed_in(world, "nonce-linker"), world.person("nonce-linked@example.com", provider=APPLE)
    return Place(
        codes=frozenset({"invalid_nonce", "identity_not_proved"}),
        kind="nonce to link",
        genuine=partial(_nonce_to_link, world),
        show=lambda nonce: _link(ana, apple.id_token(nonce=nonce), nonce),
    )


def _notice(world: World) -> Place:
    subject = subject_for("noticed@example.com")

    def genuine() -> str:
        return world.apple.notice("consent-revoked", subject, world.clock.now())

    return Place(
        codes=frozenset({"invalid_input"}),
        by_intent=OF_OTHERS,
        kind="Apple's notice",
        genuine=genuine,
        show=lambda token: world.call("POST", "/events/apple", {"payload": token}),
        signer=lambda: like(genuine(), world.apple.private_key),
    )


def _security_event(world: World) -> Place:
    subject = google_subject_for("told-of@example.com")

    def genuine() -> str:
        return world.google.security_event(EVENT, subject, world.clock.now())

    return Place(
        codes=frozenset({"invalid_request", "invalid_key", "invalid_issuer", "invalid_audience"}),
        kind="security event",
        genuine=genuine,
        show=lambda token: world.call("POST", "/events/google", token, headers=SECURITY_EVENT),
        told=lambda reply: (reply.body or {}).get("err") or reply.code,
        by_intent=OF_OTHERS | {TYPED_AS_EVENT},
        signer=lambda: like(genuine(), world.google.private_key, "iat"),
    )


def _bearer(world: World) -> Place:
    ana = signed_in(world, "bearer")
    return Place(
        codes=frozenset({"invalid_token"}),
        by_intent=frozenset({BLANK_BEHIND}),
        late="token_expired",
        kind="access token",
        genuine=lambda: ana.access_token,
        show=lambda token: world.call("GET", "/sessions", token=token),
        signer=lambda: like(ana.access_token, own_key(world, ana.access_token)),
    )


def _refresh_token(world: World) -> Place:
    ana = signed_in(world, "refresher")
    return Place(
        codes=frozenset({"refresh_token_invalid"}),
        kind="refresh token",
        genuine=lambda: ana.refresh_token,
        show=ana.refresh,
    )


def _nonce(world: World, provider: OidcProvider) -> Place:
    ana = world.person(f"n-{provider.name}@example.com", device=f"n-{provider.name}", provider=provider)
    return Place(
        codes=frozenset({"invalid_nonce"}),
        kind="sign-in nonce",
        genuine=lambda: str(world.call("POST", "/auth/challenge").body["nonce"]),
        show=lambda nonce: ana.sign_in(ana.id_token(nonce=nonce), nonce=nonce),
    )


EVERY_BEARER_ROUTE = "every bearer route"  # one reader, in the edge; test_bearer holds each to it
PLACES: dict[str, Callable[[World], Place]] = {
    "sign_in_with_google id_token": partial(_id_token, provider=GOOGLE),
    "sign_in_with_google nonce": partial(_nonce, provider=GOOGLE),
    "sign_in_with_google dpop": partial(phone.sign_in_proof, provider=GOOGLE),
    "sign_in_with_apple id_token": partial(_id_token, provider=APPLE),
    "sign_in_with_apple nonce": partial(_nonce, provider=APPLE),
    "sign_in_with_apple dpop": partial(phone.sign_in_proof, provider=APPLE),
    "link_identity id_token": _linked_id_token,
    "link_identity nonce": _linking_nonce,
    "receive_google_event token": _security_event,
    "receive_apple_notice payload": _notice,
    f"{EVERY_BEARER_ROUTE} authorization": _bearer,
    f"{EVERY_BEARER_ROUTE} dpop": phone.bearer_proof,
    "refresh refresh_token": _refresh_token,
    "refresh dpop": phone.refresh_proof,
    "logout authorization": quiet.logout_bearer,
    "logout refresh_token": quiet.logout_refresh_token,
    "logout dpop": quiet.logout_proof,
    "revoke_token token": quiet.revoked_token,
    "revoke_token dpop": quiet.revoke_proof,
    "introspect_token token": quiet.introspected_token,
    "read_erasure authorization": quiet.receipt,
    "complete_biometric_registration challenge": phone.registering_challenge,
    "verify_presence challenge": phone.presence_challenge,
    "verify_presence refresh_token": phone.presence_refresh_token,
}
