"""Laws of the way in: whatever comes, one error; whatever is changed, no identity."""

import json
from string import ascii_letters, digits

from hypothesis import assume, given
from hypothesis import strategies as st

from chalicelib.clients.base64url import decode_base64url
from chalicelib.clients.id_token_parser import parse_id_token
from chalicelib.clients.id_token_verifier import IdTokenVerifier
from chalicelib.clients.provider_keys import KeySetRefused, read_keys
from chalicelib.domain.errors import IdTokenExpired, InvalidIdToken
from chalicelib.domain.id_tokens import UnverifiedIdToken, VerifiedIdentity
from chalicelib.domain.providers import GOOGLE
from tests.fakes import START
from tests.google import CLIENTS, FixedKeys, GoogleKey, base64url, claims, jwks, key_set

KEY = GoogleKey()
TOKEN = KEY.sign(claims(START))
HEADER = b'{"alg":"RS256","kid":"key-1","typ":"JWT"}'
VERIFIER = IdTokenVerifier(
    provider=GOOGLE, keys=FixedKeys(key_set(START, KEY)), clients=CLIENTS, hosted_domain=None
)

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


def identity(token: str) -> VerifiedIdentity | None:
    """Return None when refused; anything else than a refusal is the test's failure."""
    try:
        return VERIFIER.verify(UnverifiedIdToken(token), START)
    except (InvalidIdToken, IdTokenExpired):
        return None


@given(
    st.text(st.characters() | st.sampled_from("..\ud800=-_"))
    | st.binary().map(lambda raw: raw.decode("latin-1"))
)
def test_no_text_is_anything_but_refused(text: str) -> None:  # F-28, decision 0006
    assert identity(text) is None


@given(st.tuples(st.binary(), st.binary(), st.binary()))
def test_no_three_segments_of_bytes_are_anything_but_refused(raw: tuple[bytes, bytes, bytes]) -> None:
    assert identity(".".join(map(base64url, raw))) is None


@given(json_values)
def test_no_signed_json_is_anything_but_refused(payload: object) -> None:
    assert identity(KEY.sign_bytes(HEADER, json.dumps(payload).encode())) is None


@given(st.binary())
def test_no_signed_bytes_are_anything_but_refused(payload: bytes) -> None:
    assert identity(KEY.sign_bytes(HEADER, payload)) is None


@given(st.binary())
def test_no_signed_header_of_bytes_is_anything_but_refused(header: bytes) -> None:
    assert identity(KEY.sign_bytes(header, json.dumps(claims(START)).encode())) is None


@given(st.sampled_from([*sorted(claims(START)), "nbf", "nonce", "hd", "typ"]), json_values)
def test_a_claim_of_any_value_is_refused_or_makes_an_identity_that_can_be_stored(
    name: str, value: object
) -> None:
    found = identity(KEY.sign(claims(START, **{name: value})))
    if found is not None:
        assert 1 <= len(found.subject) <= 255
        assert found.subject.isascii()
        assert found.issued_at < found.expires_at
        for text in (found.profile.email, found.profile.name, found.profile.picture, found.nonce):
            assert text is None or "\x00" not in text.encode().decode()


@given(st.integers(0, len(TOKEN) - 1), st.sampled_from(ascii_letters + digits + "-_.=+ \n"))
def test_a_token_with_one_character_changed_is_refused(place: int, letter: str) -> None:
    assume(TOKEN[place] != letter)
    assert identity(TOKEN[:place] + letter + TOKEN[place + 1 :]) is None


@given(st.integers(0, len(TOKEN)), st.text(st.characters(max_codepoint=0x7F), min_size=1))
def test_a_token_with_anything_inserted_is_refused(place: int, text: str) -> None:
    assert identity(TOKEN[:place] + text + TOKEN[place:]) is None


@given(st.integers(0, len(TOKEN) - 1))
def test_a_token_cut_short_is_refused(length: int) -> None:
    assert identity(TOKEN[:length]) is None


@given(st.binary(min_size=1))
def test_each_byte_string_has_one_base64url(raw: bytes) -> None:
    assert decode_base64url(base64url(raw).encode()) == raw


@given(st.binary() | json_values.map(lambda value: json.dumps({"keys": value}).encode()))
def test_no_bytes_are_a_key_set_by_accident(document: bytes) -> None:  # F-15
    try:
        read_keys(document, GOOGLE.algorithms)
    except KeySetRefused:
        return
    raise AssertionError(document)


@given(json_values)
def test_a_key_with_any_member_changed_is_refused_or_usable(value: object) -> None:  # F-15
    document = json.loads(jwks(KEY))
    for member in ("kty", "use", "alg", "n", "e", "key_ops", "x5c"):
        changed = {"keys": [document["keys"][0] | {member: value}]}
        try:
            keys = read_keys(json.dumps(changed).encode(), GOOGLE.algorithms)
        except KeySetRefused:
            continue
        parsed = parse_id_token(TOKEN)
        assert keys["key-1"].verifier.verify(parsed.signing_input, parsed.signature)
