"""Read JSON from strangers so that it means one thing to everyone (I-JSON, RFC 7493).

The standard reader lets duplicate names, NaN, lone surrogates and integers of any length through, and dies of
RecursionError on deep nesting; google-auth and Chalice inherit that.
"""

import json
import math
from typing import NoReturn

DEPTH_MAX = 32  # what we read is three deep; the rest is for what providers add, and no reader minds it
_INTEGER_CHARS_MAX = (
    16  # RFC 7493 s2.2: beyond 2^53 readers disagree, and a longer one is read as they all would
)
_CONTAINERS = (dict, list)


class JsonRefused(ValueError):
    """The bytes aren't strict JSON; the message holds nothing of them."""


def read_object(raw: bytes) -> dict[str, object]:
    """Return the JSON object in the bytes, whose size the caller has bounded.

    Raises:
        JsonRefused: not UTF-8, not JSON, not an object, or not the strict kind.
    """
    try:
        value = _DECODER.decode(raw.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        # from None: JSONDecodeError carries the whole document, which may be a token
        raise JsonRefused(type(error).__name__) from None
    if not isinstance(value, dict):
        raise JsonRefused("not an object")
    _check(value, DEPTH_MAX, escaped=b"\\u" in raw)
    return value


def _check(value: object, depth_left: int, *, escaped: bool) -> None:
    """Bound the nesting, and refuse lone surrogates, which only an escape can write."""
    if isinstance(value, _CONTAINERS):
        if depth_left == 0:
            raise JsonRefused("nested too deep")
        for member in _members(value):
            if escaped or isinstance(member, _CONTAINERS):
                _check(member, depth_left - 1, escaped=escaped)
    elif isinstance(value, str) and not _encodable(value):
        raise JsonRefused("lone surrogate")


def _members(container: dict[str, object] | list[object]) -> list[object]:
    return [*container, *container.values()] if isinstance(container, dict) else container


def _encodable(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    names = dict(pairs)
    if len(names) != len(pairs):
        raise JsonRefused("duplicate name")
    return names


def _integer(text: str) -> int | float:
    return int(text) if len(text) <= _INTEGER_CHARS_MAX else _number(text)


def _number(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise JsonRefused("not finite")
    return value


def _no_constant(_text: str) -> NoReturn:
    raise JsonRefused("not a number")


_DECODER = json.JSONDecoder(  # built once: json.loads builds one a call when it is given hooks
    object_pairs_hook=_unique,
    parse_int=_integer,
    parse_float=_number,
    parse_constant=_no_constant,
    strict=True,
)
