"""Places where a phone proves something: that it has its key (DPoP), or that its person is present."""

from chalicelib.domain.providers import OidcProvider
from tests.attacks import OF_PROOFS
from tests.hardware_key import HardwareKey, asked, begin, complete, proof, registered, verify
from tests.proofs import PhoneKey
from tests.token_place import Place, like, signed_in
from tests.world import Reply, World

REFRESH, SESSIONS = "/auth/refresh", "/sessions"


def refresh_proof(world: World) -> Place:
    key = PhoneKey()
    ana = signed_in(world, "bound", key=key)

    def genuine() -> str:
        return key.proof("POST", REFRESH, world.clock.now())

    def show(proof: str) -> Reply:
        reply = world.call("POST", REFRESH, {"refresh_token": ana.refresh_token}, headers={"dpop": proof})
        return ana._keep(reply)

    return Place(
        codes=frozenset({"invalid_dpop_proof"}),
        by_intent=OF_PROOFS,
        late="use_dpop_nonce",  # for phones whose clock is wrong
        kind="proof for a refresh",
        genuine=genuine,
        show=show,
        signer=lambda: like(genuine(), key.private, "iat"),
    )


def sign_in_proof(world: World, provider: OidcProvider) -> Place:
    """Return the place of the proof that binds a new session."""
    key, name = PhoneKey(), f"binder-{provider.name}"
    ana = world.person(f"{name}@example.com", device=name, provider=provider)
    path = ana.sign_in_path

    def genuine() -> str:
        return key.proof("POST", path, world.clock.now())

    return Place(
        codes=frozenset({"invalid_dpop_proof"}),
        by_intent=OF_PROOFS,
        late="use_dpop_nonce",
        kind=f"proof for {path}",
        genuine=genuine,
        show=lambda proof: world.call("POST", path, ana.sign_in_body(), headers={"dpop": proof}),
        signer=lambda: like(genuine(), key.private, "iat"),
    )


def bearer_proof(world: World) -> Place:
    """Return the place of the proof beside an access token, of which it holds the hash (D12)."""
    key = PhoneKey()
    ana = signed_in(world, "bound-reader", key=key)

    def genuine() -> str:
        return key.proof("GET", SESSIONS, world.clock.now(), ana.access_token)

    def show(proof: str) -> Reply:
        headers = {"dpop": proof, "authorization": f"DPoP {ana.access_token}"}
        return world.call("GET", SESSIONS, headers=headers)

    return Place(
        codes=frozenset({"invalid_dpop_proof"}),
        by_intent=OF_PROOFS,
        late="use_dpop_nonce",
        kind="proof beside an access token",
        genuine=genuine,
        show=show,
        signer=lambda: like(genuine(), key.private, "iat"),
    )


def registering_challenge(world: World) -> Place:
    ana, key = signed_in(world, "registrar"), HardwareKey()
    return Place(
        codes=frozenset({"challenge_invalid", "challenge_mismatch"}),  # the latter: of the other purpose
        kind="challenge to register",
        genuine=lambda: str(begin(ana, key).body["challenge"]),
        show=lambda challenge: complete(ana, key, challenge),
    )


def presence_challenge(world: World) -> Place:
    ana, key = signed_in(world, "present"), HardwareKey()
    registration = registered(ana, key)
    return Place(
        codes=frozenset({"challenge_invalid", "challenge_mismatch"}),
        kind="challenge of presence",
        genuine=lambda: asked(ana),
        show=lambda challenge: verify(ana, proof(ana, key, registration, challenge)),
    )


def presence_refresh_token(world: World) -> Place:
    ana, key = signed_in(world, "present-refresher"), HardwareKey()
    registration = registered(ana, key)
    challenge = asked(ana)  # no wrong refresh token uses it up

    def show(token: str) -> Reply:
        return verify(ana, proof(ana, key, registration, challenge) | {"refresh_token": token})

    return Place(
        codes=frozenset({"refresh_token_invalid"}),
        kind="refresh token",
        genuine=lambda: ana.refresh_token,
        show=show,
    )
