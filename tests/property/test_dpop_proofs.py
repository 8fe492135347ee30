"""Laws of proofs: what comes is right or refused, what is changed is refused, and no thief does harm."""

import json
from string import ascii_letters, digits
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from chalicelib.clients.dpop_proofs import SMALL_ORDER, read_proof
from chalicelib.domain.dpop import SignedProof, normalised
from chalicelib.domain.errors import InvalidDpopProof
from tests.fakes import START
from tests.proofs import PhoneKey, base64url
from tests.world import World

KEYS = {"ES256": PhoneKey(), "EdDSA": PhoneKey.ed25519()}
PROOFS = {name: key.proof("GET", "/sessions", START, "token") for name, key in KEYS.items()}
P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
kinds = st.sampled_from(sorted(KEYS))
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


def read(text: str) -> SignedProof | None:
    """Return None when refused; anything else than a refusal is the test's failure."""
    try:
        return read_proof(text)
    except InvalidDpopProof:
        return None


@pytest.mark.parametrize("kind", KEYS)
def test_a_proof_is_read_and_its_key_named(kind: str) -> None:
    proof = read(PROOFS[kind])
    assert proof is not None
    assert proof.jkt == KEYS[kind].jkt


def test_a_key_is_named_as_rfc_8037_names_its_example() -> None:
    x = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"  # RFC 8037 appendix A.3
    key = PhoneKey.ed25519()
    key.__class__ = type("Example", (PhoneKey,), {"jwk": {"kty": "OKP", "crv": "Ed25519", "x": x}})
    assert key.jkt == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"


@given(st.text() | st.binary().map(lambda raw: raw.decode("latin-1")))
def test_no_text_is_anything_but_refused(text: str) -> None:
    assert read(text) is None


@given(kinds, st.binary(), st.binary())
def test_no_signed_bytes_are_anything_but_refused(kind: str, header: bytes, payload: bytes) -> None:
    assert read(KEYS[kind].sign_bytes(header, payload)) is None


@given(kinds, st.integers(min_value=0), st.sampled_from(ascii_letters + digits + "-_.=+ \n"))
def test_a_proof_with_one_character_changed_is_refused(kind: str, place: int, letter: str) -> None:
    proof = PROOFS[kind]
    place %= len(proof)
    assume(proof[place] != letter)
    assert read(proof[:place] + letter + proof[place + 1 :]) is None


@given(kinds, st.sampled_from(["jti", "htm", "htu", "iat", "ath", "nonce"]), json_values)
def test_a_claim_of_any_value_is_refused_or_sane(kind: str, name: str, value: object) -> None:
    claims = KEYS[kind].claims("GET", "/sessions", START, "token") | {name: value}
    proof = read(KEYS[kind].sign_bytes(*_parts(kind, claims)))
    if proof is not None:
        assert 16 <= len(proof.jti) <= 128
        assert proof.jti.isascii()


@given(kinds, st.sampled_from(["kty", "crv", "x", "y", "d", "alg", "use", "k", "x5c", "p"]), json_values)
def test_a_key_with_any_member_changed_is_refused_or_the_same(kind: str, member: str, value: object) -> None:
    proof = read(
        KEYS[kind].sign(KEYS[kind].claims("GET", "/", START), {"jwk": KEYS[kind].jwk | {member: value}})
    )
    if proof is not None:
        assert proof.jkt == KEYS[kind].jkt


def test_a_point_off_the_curve_or_of_small_order_is_no_key() -> None:
    es256, eddsa = KEYS["ES256"], KEYS["EdDSA"]
    claims = es256.claims("GET", "/", START)
    off = [("x", bytes(32)), ("y", bytes(31) + b"\x01"), ("x", b"\xff" * 32), ("x", b"\x01" * 31)]
    for name, raw in off:
        assert read(es256.sign(claims, {"jwk": es256.jwk | {name: base64url(raw)}})) is None
    for y in SMALL_ORDER | {2**255 - 19, 2**255 - 18}:
        for sign in (0, 2**255):
            x = base64url((y + sign).to_bytes(32, "little"))
            assert read(eddsa.sign(claims, {"jwk": eddsa.jwk | {"x": x}})) is None


def test_a_signature_out_of_range_is_refused() -> None:
    text = PROOFS["ES256"].rpartition(".")[0]
    for number in (0, P256_ORDER, P256_ORDER + 1, 2**256 - 1):
        for pair in ((number, 1), (1, number), (number, number)):
            raw = b"".join(each.to_bytes(32, "big") for each in pair)
            assert read(f"{text}.{base64url(raw)}") is None


@given(st.text())
def test_a_url_is_spelled_one_way_or_refused(text: str) -> None:
    spelled = normalised(text)
    assert spelled is None or normalised(spelled) == spelled


STEPS = st.lists(st.sampled_from(["refresh", "steal", "resend", "forge", "log out"]), min_size=4, max_size=12)


@settings(
    max_examples=15, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)
@given(steps=STEPS)
def test_whatever_a_thief_of_tokens_does_the_owner_stays_signed_in(world: World, steps: list[str]) -> None:
    ana = world.person(key=PhoneKey())
    assert ana.sign_in().status == 200
    seen, sent = [ana.refresh_token], ""
    for number, step in enumerate(steps):
        old = seen[number % len(seen)]
        if step == "refresh":
            assert ana.key is not None
            sent = ana.key.proof("POST", "/auth/refresh", world.clock.now())
            body = {"refresh_token": ana.refresh_token}
            ana.answer = world.call("POST", "/auth/refresh", body, headers={"dpop": sent}).body
            seen.append(ana.refresh_token)
        else:
            forged = PhoneKey().proof("POST", "/auth/refresh", world.clock.now())
            proof = {"steal": None, "resend": sent or None, "forge": forged}.get(step)
            path = "/auth/logout" if step == "log out" else "/auth/refresh"
            headers = {} if proof is None else {"dpop": proof}
            reply = world.call("POST", path, {"refresh_token": old}, headers=headers)
            assert reply.code in {"invalid_dpop_proof", "refresh_token_invalid"}
    assert ana.get("/sessions").status == ana.refresh().status == 200


def _parts(kind: str, claims: dict[str, Any]) -> tuple[bytes, bytes]:
    header = {"typ": "dpop+jwt", "alg": kind, "jwk": KEYS[kind].jwk}
    return json.dumps(header).encode(), json.dumps(claims).encode()
