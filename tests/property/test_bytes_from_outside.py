"""Laws of the smaller readers of outside bytes: whatever comes is read or refused, and that is all."""

import json
from contextlib import suppress

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.clients.base64url import decode_base64url, encode_base64url
from chalicelib.clients.presence_keys import PresenceKeys
from chalicelib.clients.provider_keys import KeySetRefused, read_keys
from chalicelib.clients.s3_keys import open_envelope
from chalicelib.domain.errors import (
    BodyTooLarge,
    MalformedBody,
    PublicKeyInvalid,
    PublicKeyUnsupported,
    UnsupportedMediaType,
)
from chalicelib.domain.providers import GOOGLE
from chalicelib.routes.body_formats import BodyFormat, read_format
from chalicelib.routes.language import Locale, preferred_locale
from chalicelib.routes.request import read_event

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8,
)
texts = st.text(st.characters() | st.sampled_from("=&%;,*-+q01.\x00\ud800"), max_size=80)
jwks = st.lists(
    st.dictionaries(
        st.sampled_from(["kty", "kid", "n", "e", "alg", "use", "x", "y", "crv", "d"]), json_values
    )
)


@given(st.binary(max_size=120))
def test_base64url_has_one_spelling(raw: bytes) -> None:
    with suppress(ValueError):
        assert encode_base64url(decode_base64url(raw)) == raw
    if raw:
        assert decode_base64url(encode_base64url(raw)) == raw


@given(st.binary(max_size=200) | jwks.map(lambda keys: json.dumps({"keys": keys}).encode()))
def test_a_key_set_is_refused_whole(document: bytes) -> None:  # F-15
    for read in (read_keys, open_envelope):
        with suppress(KeySetRefused):
            assert not read(document, GOOGLE.algorithms)


@given(st.fixed_dictionaries(dict.fromkeys(("kty", "crv", "x", "y"), texts)) | st.just({"kty": "EC"}))
def test_a_phones_key_is_refused(jwk: dict[str, str]) -> None:
    whole = {"kty": "EC", "crv": "P-256", "x": "A" * 43, "y": "A" * 43} | jwk
    with suppress(PublicKeyInvalid, PublicKeyUnsupported):
        assert not PresenceKeys().read(whole)


@given(st.binary(max_size=120) | texts.map(lambda text: text.encode(errors="surrogatepass")))
def test_a_form_or_an_event_is_read_or_refused(raw: bytes) -> None:  # F-28
    for form in (BodyFormat.FORM, BodyFormat.SECURITY_EVENT):
        with suppress(BodyTooLarge, MalformedBody, UnsupportedMediaType):
            assert isinstance(read_format(raw, form, form.value, None), dict)


@given(texts | st.none())
def test_any_accept_language_is_a_language_of_ours(header: str | None) -> None:
    assert preferred_locale(header) in Locale


@given(json_values | st.dictionaries(st.sampled_from(["headers", "requestContext", "body"]), json_values))
def test_any_event_of_the_gateway_is_a_request_without_a_caller(event: object) -> None:
    assert read_event(event, None).principal is None
