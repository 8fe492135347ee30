"""Choose the language of what people read, from what the phone says it prefers (RFC 9110 s12.5.4)."""

import re
from enum import StrEnum
from functools import lru_cache

_HEADER_CHARS_MAX = 512
_KNOWN_MAX = 256  # phones of one release send a handful
_RANGES_MAX = 16  # phones send two to six
_TAG = r"([A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8}){0,7}|\*)"  # RFC 4647 s2.1
_WEIGHT = r"(?:[ \t]*;[ \t]*[qQ]=(0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?))?"  # RFC 9110 s12.4.2
_RANGE = re.compile(_TAG + _WEIGHT)


class Locale(StrEnum):
    """A language that we speak; the first is the default."""

    en = "en"
    es = "es"


DEFAULT_LOCALE = Locale.en


def preferred_locale(accept_language: str | None) -> Locale:
    """Return the best language of ours; the default for a header that is absent, silly or malformed."""
    if accept_language is None or len(accept_language) > _HEADER_CHARS_MAX:
        return DEFAULT_LOCALE
    return _preferred(accept_language)


@lru_cache(_KNOWN_MAX)
def _preferred(accept_language: str) -> Locale:
    parts = [part.strip(" \t") for part in accept_language.split(",")]
    matches = [_RANGE.fullmatch(part) for part in parts if part]
    if len(matches) > _RANGES_MAX or not matches:
        return DEFAULT_LOCALE
    ranges = [(match[1].lower(), float(match[2] or 1)) for match in matches if match]
    if len(ranges) < len(matches):
        return DEFAULT_LOCALE
    return max(Locale, key=lambda locale: _quality(locale, ranges))  # of equals, the first declared


def _quality(locale: Locale, ranges: list[tuple[str, float]]) -> tuple[float, int]:
    """Return the weight the header gives a locale, then how early it names it."""
    named = [(quality, -index) for index, (tag, quality) in enumerate(ranges) if tag.split("-")[0] == locale]
    anything = [(quality, -index) for index, (tag, quality) in enumerate(ranges) if tag == "*"]
    quality, rank = max(named or anything, default=(0.0, 0))
    return (quality, rank) if quality else (0.0, -_RANGES_MAX)
