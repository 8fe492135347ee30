import base64
import contextlib
import json
import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from chalicelib.domain.errors import BodyTooLarge, MalformedBody, UnsupportedMediaType
from chalicelib.routes.body import BODY_MAX_BYTES, DEPTH_MAX, parse_object, raw_bytes, read_body

QUADRATIC_SECONDS = 20.0  # of this thread's CPU; it takes milliseconds, and a quadratic scan minutes
REFUSALS = (BodyTooLarge, MalformedBody, UnsupportedMediaType)
INTEGERS = st.integers(min_value=-(2**53) + 1, max_value=2**53 - 1)
FLOATS = st.floats(allow_nan=False, allow_infinity=False)
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=20)
SCALARS = st.none() | st.booleans() | INTEGERS | FLOATS | TEXT
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=12,
)
OBJECTS = st.dictionaries(TEXT, VALUES, max_size=4)
JSONISH = st.text(st.sampled_from('{}[]":,\\u0dD8eE+-.123 truefalsnNI\x00é\ud800\n'), max_size=60)


@given(st.binary(max_size=200))
@example(b"")
@example(b"\xef\xbb\xbf{}")
@example(b'{"a":1e999}')
@example(b"[" * 16_000)
@example(b'{"a":' * 3_000)
@example(b'{"a":' + b"9" * 5_000 + b"}")
def test_arbitrary_bytes_raise_nothing_but_our_own_errors(raw: bytes) -> None:  # F-28
    with contextlib.suppress(*REFUSALS):
        assert isinstance(read_body(raw, "application/json"), dict)


@given(JSONISH)
def test_what_almost_is_json_raises_nothing_but_our_own_errors(text: str) -> None:  # F-28
    with contextlib.suppress(*REFUSALS):
        json.dumps(parse_object(raw_bytes(text, is_base64=False)), ensure_ascii=False).encode()


@given(st.one_of(st.none(), st.text(max_size=40), st.binary(max_size=40), st.integers()), st.booleans())
def test_any_event_body_gives_bytes_or_our_own_error(body: object, is_base64: bool) -> None:  # noqa: FBT001
    with contextlib.suppress(*REFUSALS):
        assert isinstance(raw_bytes(body, is_base64=is_base64), bytes)


@given(OBJECTS, st.booleans())
def test_every_plain_object_is_read_as_it_was_written(value: dict[str, object], ascii_only: bool) -> None:  # noqa: FBT001
    assert read_body(json.dumps(value, ensure_ascii=ascii_only).encode(), "application/json") == value


@given(st.text(max_size=40))
def test_any_content_type_is_taken_or_refused(content_type: str) -> None:
    with contextlib.suppress(UnsupportedMediaType):
        read_body(b"{}", content_type)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b" ",
        b"null",
        b"[]",
        b'"text"',
        b'{"a":1,"a":1}',
        b'{"a":{"b":1,"b":2}}',
        b'{"a":1,"\\u0061":2}',
        b'{"a":NaN}',
        b'{"a":-Infinity}',
        b'{"a":1e400}',
        b'{"a":9007199254740992}',
        b'{"a":-9007199254740992}',
        b'{"a":"\\ud800"}',
        b'{"\\udc00":1}',
        b'{"a":["\\ud800\\ud800"]}',
        b'{"a":"\\u0000"}',
        b'{"a":"\x00"}',
        b'{"a":"\xff"}',
        b'{"a":"\xed\xa0\x80"}',
        b'\xef\xbb\xbf{"a":1}',
        '{"a":1}'.encode("utf-16"),
        b'{"a":1}{}',
        b'{"a":1,}',
        b"{'a':1}",
        b'{"a":01}',
        b'{"a":"\t"}',
        b'{"a":' * (DEPTH_MAX + 1) + b"1" + b"}" * (DEPTH_MAX + 1),
        b'{"a":' + b"[" * 8_000,
    ],
)
def test_what_readers_disagree_on_is_refused(raw: bytes) -> None:  # F-28
    with pytest.raises(MalformedBody):
        read_body(raw, "application/json")


@pytest.mark.parametrize(
    "raw",
    [
        b'{"a":9007199254740991}',
        b'{"a":"\\ud83d\\ude00"}',
        b'{"a":"\\\\u0000 [[[[[[[[[[[[[[[[[["}',
        b'{"a":' * DEPTH_MAX + b"1" + b"}" * DEPTH_MAX,
        b' \r\n{"a":1}\t',
    ],
)
def test_what_only_looks_dangerous_is_read(raw: bytes) -> None:
    assert read_body(raw, "application/json") == json.loads(raw)


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json",
        "APPLICATION/JSON",
        "application/json; charset=utf-8",
        'application/json;charset="UTF-8"',
        "application/json; charset=latin-1",  # says nothing: JSON is UTF-8 (RFC 8259 s8.1, s11)
        'Application/JSON ; odata.metadata=minimal;profile="a;b" ; x',
        " application/json\t;",
    ],
)
def test_json_is_taken_by_its_name(content_type: str) -> None:
    assert read_body(b"{}", content_type) == {}


@pytest.mark.parametrize(
    "content_type",
    [
        None,
        "",
        "text/json",
        "application/json, text/html",
        "application/jsonx",
    ],
)
def test_anything_else_is_an_unsupported_media_type(content_type: str | None) -> None:
    with pytest.raises(UnsupportedMediaType):
        read_body(b"{}", content_type)


def test_a_compressed_body_is_an_unsupported_media_type() -> None:
    with pytest.raises(UnsupportedMediaType):
        read_body(b"{}", "application/json", "gzip")


def test_a_body_may_be_exactly_as_large_as_the_limit() -> None:  # L4
    padding = b" " * (BODY_MAX_BYTES - 2)
    assert read_body(b"{}" + padding, "application/json") == {}
    with pytest.raises(BodyTooLarge):
        read_body(b"{} " + padding, "application/json")


def test_base64_bodies_are_bounded_before_they_are_decoded() -> None:
    assert raw_bytes(base64.b64encode(b"x" * BODY_MAX_BYTES), is_base64=True) == b"x" * BODY_MAX_BYTES
    with pytest.raises(BodyTooLarge):
        raw_bytes("A" * 2_000_000, is_base64=True)


@pytest.mark.parametrize("unit", [b'\\"', b'"\\', b"[]", b"\\u0041", b'"', b'{"":'])
def test_no_body_takes_long_to_refuse(unit: bytes) -> None:
    started = time.thread_time()
    with contextlib.suppress(MalformedBody):
        parse_object(b'{"a":"' + unit * (8 * BODY_MAX_BYTES // len(unit)))
    assert time.thread_time() - started < QUADRATIC_SECONDS
