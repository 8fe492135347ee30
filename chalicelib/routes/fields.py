"""Declare a single JSON value once: the same object reads it from a stranger and describes it in OpenAPI.

A leaf parses or refuses. `read` turns a refusal into a fault with its place, so all are reported at once.
Why this isn't pydantic: decision 0005.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol
from uuid import UUID

from chalicelib.domain.decoration import Decoration
from chalicelib.routes.faults import FaultCode, Faults, Refused

if TYPE_CHECKING:
    from chalicelib.routes.schema import Record

JsonSchema = dict[str, Any]  # JSON Schema 2020-12; heterogeneous by nature

INTEGER_MAX = 2**53 - 1  # RFC 7493 s2.2: beyond it, readers of JSON disagree
_UUID = re.compile(r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
_RFC3339 = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?(Z|[+-][0-9]{2}:[0-9]{2})"
)


class Field(Protocol):
    """What every declaration can do."""

    def read(self, value: object, pointer: str, faults: Faults) -> Any:  # noqa: ANN401 - each field has its own type
        """Return the parsed value, or None after noting at least one fault."""

    def schema(self) -> JsonSchema:
        """Return the JSON Schema that accepts what `read` accepts."""

    def records(self) -> Iterator["Record"]:
        """Yield the named records inside, for `components.schemas`."""


class Leaf:
    """A field with nothing inside: it says only how one value is parsed."""

    __slots__ = ()

    def parse(self, value: object) -> object:
        """Return the parsed value.

        Raises:
            Refused: the value doesn't fit.
        """
        raise NotImplementedError

    def read(self, value: object, pointer: str, faults: Faults) -> Any:  # noqa: ANN401 - what `parse` returns
        """Return the parsed value, or None after noting its fault."""
        try:
            return self.parse(value)
        except Refused as refusal:
            faults.add(pointer, refusal.code)
            return None

    def records(self) -> Iterator["Record"]:
        """Yield nothing."""
        return iter(())


@dataclass(frozen=True, slots=True, kw_only=True)
class Text(Leaf):
    """A string of bounded length in code points; `pattern` matches all of it and is ECMA 262 too."""

    max_chars: int
    min_chars: int = 1
    pattern: str | None = None
    format: str | None = None
    description: str | None = None

    def parse(self, value: object) -> str:
        """Return the string."""
        text = _string(value)
        if len(text) > self.max_chars:
            raise Refused(FaultCode.too_long)
        if len(text) < self.min_chars:
            raise Refused(FaultCode.too_short)
        if self.pattern is not None and re.fullmatch(self.pattern, text) is None:
            raise Refused(FaultCode.pattern)
        return text

    def schema(self) -> JsonSchema:
        """Describe it; JSON Schema patterns aren't anchored, ours are."""
        return _described(
            self.description,
            type="string",
            minLength=self.min_chars,
            maxLength=self.max_chars,
            pattern=None if self.pattern is None else f"^(?:{self.pattern})$",
            format=self.format,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Decorated(Leaf):
    """A text that is shown and decides nothing: what can be kept of it is kept (`domain/decoration.py`)."""

    of: Decoration
    description: str

    def parse(self, value: object) -> str | None:
        """Return what is kept of the text; None when nothing is."""
        return self.of.keep(value)

    def schema(self) -> JsonSchema:
        """Describe it without a bound: a longer one is taken, too."""
        is_cut = self.of.read is None
        kept = (
            f"Cut after {self.of.chars_max} characters or {self.of.bytes_max} bytes."
            if is_cut
            else "Ignored if it is none."
        )
        return _described(f"{self.description} {kept}", type="string")


@dataclass(frozen=True, slots=True)
class Choice(Leaf):
    """One of a closed set: a StrEnum, whose member is returned, or plain strings."""

    options: type[StrEnum] | tuple[str, ...]
    description: str | None = None

    def parse(self, value: object) -> str:
        """Return the member or string."""
        text = _string(value)
        for option in self.options:
            if option == text:
                return option
        raise Refused(FaultCode.not_allowed)

    def schema(self) -> JsonSchema:
        """List the set."""
        return _described(self.description, type="string", enum=[str(option) for option in self.options])


@dataclass(frozen=True, slots=True, kw_only=True)
class Flag(Leaf):
    """True or false, and nothing that merely looks like it."""

    description: str | None = None

    def parse(self, value: object) -> bool:
        """Return the boolean."""
        if not isinstance(value, bool):
            raise Refused(FaultCode.wrong_type)
        return value

    def schema(self) -> JsonSchema:
        """Describe it."""
        return _described(self.description, type="boolean")


@dataclass(frozen=True, slots=True, kw_only=True)
class Integer(Leaf):
    """A whole number written as one: `1.0` and `true` are refused."""

    minimum: int = 0
    maximum: int = INTEGER_MAX
    description: str | None = None

    def parse(self, value: object) -> int:
        """Return the number."""
        if not isinstance(value, int) or isinstance(value, bool):
            raise Refused(FaultCode.wrong_type)
        if not self.minimum <= value <= self.maximum:
            raise Refused(FaultCode.not_allowed)
        return value

    def schema(self) -> JsonSchema:
        """Describe it with its bounds."""
        return _described(self.description, type="integer", minimum=self.minimum, maximum=self.maximum)


@dataclass(frozen=True, slots=True, kw_only=True)
class Timestamp(Leaf):
    """An RFC 3339 date-time with an offset; read as aware UTC."""

    description: str | None = None

    def parse(self, value: object) -> datetime:
        """Return the moment in UTC."""
        text = _string(value)
        if _RFC3339.fullmatch(text) is None:
            raise Refused(FaultCode.pattern)
        try:
            return datetime.fromisoformat(text).astimezone(UTC)
        except (ValueError, OverflowError) as error:  # the 31st of February; year 1 east of Greenwich
            raise Refused(FaultCode.pattern) from error

    def schema(self) -> JsonSchema:
        """Describe it."""
        return _described(self.description, type="string", format="date-time")


@dataclass(frozen=True, slots=True, kw_only=True)
class Uuid(Leaf):
    """A UUID with hyphens; capital letters pass, since iOS writes them."""

    description: str | None = None

    def parse(self, value: object) -> UUID:
        """Return the UUID."""
        text = _string(value)
        if _UUID.fullmatch(text) is None:
            raise Refused(FaultCode.pattern)
        return UUID(text)

    def schema(self) -> JsonSchema:
        """Describe it."""
        return _described(self.description, type="string", format="uuid")


@dataclass(frozen=True, slots=True, kw_only=True)
class Anything(Leaf):
    """Any JSON value; only for answers whose shape another standard defines."""

    description: str | None = None

    def parse(self, value: object) -> object:
        """Return it as it is."""
        return value

    def schema(self) -> JsonSchema:
        """Accept everything."""
        return _described(self.description)


def _string(value: object) -> str:
    if not isinstance(value, str):
        raise Refused(FaultCode.wrong_type)
    return value


def _described(description: str | None, **keywords: object) -> JsonSchema:
    schema = {name: value for name, value in keywords.items() if value is not None}
    return schema if description is None else {**schema, "description": description}
