"""Read a body so that it means one thing to everyone, or refuse it with a stated error (F-28).

Chalice's own reader lets NaN, duplicate names, lone surrogates and NUL through, dies of deep nesting, and
takes a wrong media type for an absent body.
"""

import json
import math
import re
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Iterator
from typing import NoReturn

from chalicelib.domain.errors import BodyTooLarge, MalformedBody, UnsupportedMediaType

BODY_MAX_BYTES = 16 * 1024  # L4; an ID token is at most 8 kB, the rest of a sign-in below 4
DEPTH_MAX = 16  # our deepest request has three levels
_INTEGER_CHARS_MAX = 17  # a sign and 2^53 - 1, beyond which readers disagree (RFC 7493 s2.2)
_BASE64_CHARS_MAX = -(-BODY_MAX_BYTES // 3) * 4
_JSON_MEDIA_TYPE = "application/json"
_BRACKET_OR_STRING = re.compile(r'[\[{]|[\]}]|"(?:[^"\\]|\\.)*+"?', re.DOTALL)  # possessive, so linear


def read_body(raw: bytes, content_type: str | None, content_encoding: str | None = None) -> dict[str, object]:
    """Return the JSON object in a body that isn't empty.

    Raises:
        BodyTooLarge: over `BODY_MAX_BYTES`.
        UnsupportedMediaType: not declared as plain `application/json`; parameters say nothing (RFC 8259 s11).
        MalformedBody: not one strict JSON object in UTF-8.
    """
    ensure_plain(raw, content_type, content_encoding, _JSON_MEDIA_TYPE)
    return parse_object(raw)


def ensure_plain(raw: bytes, content_type: str | None, content_encoding: str | None, media_type: str) -> None:
    """Let through what is of a media type, as it is and of bounded size. Raises as `read_body`."""
    if len(raw) > BODY_MAX_BYTES:
        raise BodyTooLarge
    told, *_ = (content_type or "").split(";", 1)
    if told.strip(" \t").lower() != media_type:
        raise UnsupportedMediaType
    if content_encoding is not None and content_encoding.strip(" \t").lower() != "identity":
        raise UnsupportedMediaType


def raw_bytes(body: object, *, is_base64: bool) -> bytes:
    """Return the bytes of a body as the gateway handed it over: text, base64 text, bytes or nothing.

    Raises:
        BodyTooLarge: base64 of more than `BODY_MAX_BYTES`, told without decoding it.
        MalformedBody: text that is no UTF-8, or no base64 where it should be.
    """
    if is_base64 and isinstance(body, str | bytes):
        return _decoded(body)
    match body:
        case None:
            return b""
        case bytes():
            return body
        case str():
            return _encoded(body)
        case _:
            raise MalformedBody


def parse_object(raw: bytes) -> dict[str, object]:
    """Return the strict JSON object in the bytes, whose size was bounded.

    Raises:
        MalformedBody: anything else.
    """
    try:
        text = raw.decode("utf-8")
        _bound_depth(text)
        value = _DECODER.decode(text)
    except ValueError:
        raise MalformedBody from None  # JSONDecodeError carries the whole body
    if not isinstance(value, dict):
        raise MalformedBody
    if "\\u" in text:  # only an escape can write what the checks so far let through
        _refuse_unprintable(value)
    return value


def _bound_depth(text: str) -> None:
    """Refuse deep nesting before the recursive reader sees it."""
    if text.count("[") + text.count("{") <= DEPTH_MAX:
        return  # as of every request that a phone of ours makes
    depth = 0
    for match in _BRACKET_OR_STRING.finditer(text):
        if match[0] in "[{":
            depth += 1
        elif match[0] in "]}":
            depth -= 1
        if depth > DEPTH_MAX:
            raise MalformedBody


def _refuse_unprintable(value: object) -> None:
    """Refuse NUL, which PostgreSQL can't store, and lone surrogates, which aren't Unicode."""
    for text in _strings(value):
        if "\x00" in text:
            raise MalformedBody
        _encoded(text)


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from value
        for member in value.values():
            yield from _strings(member)
    elif isinstance(value, list):
        for item in value:
            yield from _strings(item)


def _encoded(text: str) -> bytes:
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError:
        raise MalformedBody from None


def _decoded(body: str | bytes) -> bytes:
    if len(body) > _BASE64_CHARS_MAX:
        raise BodyTooLarge
    try:
        return b64decode(body, validate=True)
    except (Base64Error, ValueError):
        raise MalformedBody from None


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    names = dict(pairs)
    if len(names) != len(pairs):
        raise MalformedBody
    return names


def _integer(text: str) -> int:
    if len(text) > _INTEGER_CHARS_MAX or abs(int(text)) >= 2**53:
        raise MalformedBody
    return int(text)


def _number(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise MalformedBody
    return value


def _no_constant(_name: str) -> NoReturn:
    raise MalformedBody


_DECODER = json.JSONDecoder(  # built once: json.loads builds one a call when it is given hooks
    object_pairs_hook=_object,
    parse_int=_integer,
    parse_float=_number,
    parse_constant=_no_constant,
    strict=True,
)
