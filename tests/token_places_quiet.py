"""Places that answer a wrong token as they answer a right one, or as one for nobody (R1, I1, A1)."""

from collections.abc import Callable
from urllib.parse import urlencode

from tests.attacks import BLANK_BEHIND, LATE, OF_PROOFS
from tests.proofs import PhoneKey
from tests.token_place import Place, like, own_key, signed_in
from tests.world import Phone, Reply, World

FORM = {"content-type": "application/x-www-form-urlencoded"}
BACKEND = "arn:aws:sts::123456789012:assumed-role/backend/1"
LOGOUT, REVOKE = "/auth/logout", "/oauth/revoke"


def is_out(phone: Phone) -> Callable[[Reply], bool]:
    """Return what tells whether a phone's session has ended."""
    return lambda _: phone.get("/sessions").code == "session_revoked"


def revoked_token(world: World) -> Place:
    ana = signed_in(world, "revoker")
    return Place(
        kind="access token",
        also=frozenset({"refresh token"}),
        by_intent=frozenset({LATE}),
        genuine=lambda: ana.access_token,
        show=lambda token: world.call("POST", REVOKE, urlencode({"token": token}), headers=FORM),
        opened=is_out(ana),
        signer=lambda: like(ana.access_token, own_key(world, ana.access_token)),
    )


def introspected_token(world: World) -> Place:
    ana = signed_in(world, "introspected")

    def show(token: str) -> Reply:
        world.principal = BACKEND
        try:
            return world.call("POST", "/oauth/introspect", urlencode({"token": token}), headers=FORM)
        finally:
            world.principal = None

    return Place(
        kind="access token",
        genuine=lambda: ana.access_token,
        show=show,
        opened=lambda reply: reply.body.get("active", False),
        signer=lambda: like(ana.access_token, own_key(world, ana.access_token)),
    )


def logout_bearer(world: World) -> Place:
    ana = signed_in(world, "leaver")
    return Place(
        codes=frozenset({"invalid_token", "missing_token"}),  # the latter: by its letters it is none
        by_intent=frozenset({LATE, BLANK_BEHIND}),
        kind="access token",
        genuine=lambda: ana.access_token,
        show=lambda token: world.call("POST", LOGOUT, token=token),
        signer=lambda: like(ana.access_token, own_key(world, ana.access_token)),
    )


def logout_refresh_token(world: World) -> Place:
    ana = signed_in(world, "leaver-by-refresh")
    return Place(
        kind="refresh token",
        genuine=lambda: ana.refresh_token,
        show=lambda token: world.call("POST", LOGOUT, {"refresh_token": token}),
        opened=is_out(ana),
    )


def ending_proof(world: World, path: str, body: Callable[[Phone], object]) -> Place:
    """Return the place of the proof that comes with a bound session's refresh token, to end the session."""
    key = PhoneKey()
    ana = signed_in(world, f"bound-at{path.replace('/', '-')}", key=key)
    form = FORM if path == REVOKE else {}

    def genuine() -> str:
        return key.proof("POST", path, world.clock.now())

    return Place(
        codes=frozenset({"invalid_dpop_proof"}),
        by_intent=OF_PROOFS,
        late="use_dpop_nonce",
        kind=f"proof for {path}",
        genuine=genuine,
        show=lambda proof: world.call("POST", path, body(ana), headers={"dpop": proof, **form}),
        signer=lambda: like(genuine(), key.private, "iat"),
    )


def logout_proof(world: World) -> Place:
    return ending_proof(world, LOGOUT, lambda ana: {"refresh_token": ana.refresh_token})


def revoke_proof(world: World) -> Place:
    return ending_proof(world, REVOKE, lambda ana: urlencode({"token": ana.refresh_token}))


def receipt(world: World) -> Place:
    ana = signed_in(world, "erased")
    erased = world.call("DELETE", "/account", {"confirm": True}, token=ana.access_token).body
    return Place(
        codes=frozenset({"not_found"}),
        by_intent=frozenset({BLANK_BEHIND}),
        kind="receipt",
        genuine=lambda: str(erased["secret"]),
        show=lambda token: world.call("GET", f"/account/erasures/{erased['erasure']['id']}", token=token),
    )
