"""Choose the language of what people read, from what the phone says it prefers (RFC 9110 s12.5.4)."""

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from chalicelib.domain.languages import language_tag
from chalicelib.routes.faults import FaultCode, Refused
from chalicelib.routes.fields import JsonSchema, Leaf

_HEADER_CHARS_MAX = 512  # what comes after isn't read
_KNOWN_MAX = 256  # phones of one release send a handful
_RANGES_MAX = 16  # phones send two to six
_TAG = r"([A-Za-z]{1,8}(?:[-_][A-Za-z0-9]{1,8})*|\*)"  # RFC 4647 s2.1, and as Java writes it
_WEIGHT = r"(?:[ \t]*;[ \t]*[qQ]=(0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?))?"  # RFC 9110 s12.4.2
_RANGE = re.compile(_TAG + _WEIGHT)
_SEPARATOR = re.compile("[-_]")


class Locale(StrEnum):
    """A language that we speak; the first is the default."""

    en = "en"
    es = "es"


DEFAULT_LOCALE = Locale.en


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoken(Leaf):
    """A language that we speak, under any tag of it: es-MX, es_419, EN; nothing, if the text is empty."""

    description: str

    def parse(self, value: object) -> Locale | None:
        """Return the language."""
        if not isinstance(value, str):
            raise Refused(FaultCode.wrong_type)
        tag = language_tag(value)
        if tag is None and value:
            raise Refused(FaultCode.not_allowed)
        spoken = {str(locale): locale for locale in Locale}
        if tag is not None and tag.partition("-")[0] not in spoken:
            raise Refused(FaultCode.not_allowed)
        return None if tag is None else spoken[tag.partition("-")[0]]

    def schema(self) -> JsonSchema:
        """Describe it."""
        spoken = ", ".join(Locale)
        return {
            "type": "string",
            "description": f"{self.description} A tag of BCP 47 whose language is one of {spoken}.",
        }


def preferred_locale(accept_language: str | None) -> Locale:
    """Return the best language of ours, or the default; a bad range is ignored alone."""
    if accept_language is None:
        return DEFAULT_LOCALE
    if len(accept_language) > _HEADER_CHARS_MAX:
        accept_language = accept_language[:_HEADER_CHARS_MAX].rpartition(",")[0]
    return _preferred(accept_language)


@lru_cache(_KNOWN_MAX)
def _preferred(accept_language: str) -> Locale:
    matches = (_RANGE.fullmatch(part.strip(" \t")) for part in accept_language.split(","))
    ranges = [(match[1].lower(), float(match[2] or 1)) for match in matches if match][:_RANGES_MAX]
    return max(Locale, key=lambda locale: _quality(locale, ranges))  # of equals, the first declared


def _quality(locale: Locale, ranges: list[tuple[str, float]]) -> tuple[float, int]:
    """Return the weight the header gives a locale, then how early it names it."""
    named = [
        (quality, -index) for index, (tag, quality) in enumerate(ranges) if _SEPARATOR.split(tag)[0] == locale
    ]
    anything = [(quality, -index) for index, (tag, quality) in enumerate(ranges) if tag == "*"]
    quality, rank = max(named or anything, default=(0.0, 0))
    return (quality, rank) if quality else (0.0, -_RANGES_MAX)
