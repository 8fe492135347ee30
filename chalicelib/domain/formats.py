"""What one release writes and another one reads: each format declares its names, and one reader reads all.

After an upgrade, a release reads what an earlier one wrote; after a rollback, what a later one wrote. So a
name that a format doesn't declare is dropped, and an optional one that is absent has its default. What
decides is required: without it the record is refused. So is a value of another kind (decision 0136).
"""

import json
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from chalicelib.domain.errors import IntegrityFailure

Kind = Callable[[Any], object]  # returns a value as the code uses it; raises one of _UNFIT for another kind
_UNFIT = (AttributeError, LookupError, OSError, OverflowError, TypeError, ValueError)


class Name:
    """One name of a format. Made by `required`, `optional` and `added`."""

    __slots__ = ("default", "is_always_written", "is_required", "is_written", "kind")

    def __init__(
        self, kind: Kind, default: object, *, is_required: bool, is_always_written: bool, is_written: bool
    ) -> None:
        """Take what reads the value, and what the name is when it is absent."""
        self.kind = kind
        self.default = default
        self.is_required = is_required
        self.is_always_written = is_always_written
        self.is_written = is_written


def required(kind: Kind) -> Name:
    """Return a name without which the record is refused."""
    return Name(kind, None, is_required=True, is_always_written=True, is_written=True)


def optional(kind: Kind, default: object = None) -> Name:
    """Return a name of the format's first release, which is written even when it is its default."""
    return Name(kind, default, is_required=False, is_always_written=True, is_written=True)


def added(kind: Kind, default: object = None, *, is_written: bool) -> Name:
    """Return a name that came later, which is written only where it differs from its default.

    So the bytes of a record without it, and their digest, stay as they were. `is_written` is False in the
    first release that reads the name, and True from the next one on.
    """
    return Name(kind, default, is_required=False, is_always_written=False, is_written=is_written)


class Format:
    """A JSON object, or an item of a table, that outlives the release that writes it."""

    __slots__ = ("fault", "label", "names")

    def __init__(
        self, label: str, names: Mapping[str, Name], *, fault: type[Exception] = IntegrityFailure
    ) -> None:
        """Take the label that tests know it by, and its names in the order in which they are written."""
        self.label = label
        self.names: Mapping[str, Name] = MappingProxyType(dict(names))
        self.fault = fault

    def read(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return the declared names, each with its value. Raises the fault: IntegrityFailure by default."""
        found: dict[str, Any] = {}
        try:
            for name, declared in self.names.items():
                is_default = name not in values and not declared.is_required
                found[name] = declared.default if is_default else declared.kind(values[name])
        except _UNFIT as error:
            raise self.fault from error
        return found

    def read_json(self, raw: bytes | str) -> dict[str, Any]:
        """Return the declared names of a JSON object. Raises as `read` does."""
        return self.read(json_object(raw, fault=self.fault))

    def read_places(self, raw: bytes | str) -> dict[str, Any]:
        """Return the declared names of a JSON array, in which a name is a place. Raises as `read` does."""
        try:
            values = zip(self.names, array(json.loads(raw)), strict=False)
        except (RecursionError, TypeError, ValueError):
            raise self.fault from None  # as in `json_object`
        return self.read({name: value for name, value in values if value is not None})

    def write(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return what is written of these values, which may lack names that came later.

        Raises ValueError for a name that isn't declared, KeyError for one that is missing.
        """
        if not values.keys() <= self.names.keys():
            raise ValueError(self.label)
        return {name: values[name] for name in self.names if self._is_written(name, values)}

    def write_record(self, record: object) -> bytes:
        """Return the one spelling of a record whose attributes are the names: it is sealed and digested."""
        values = self.write({name: getattr(record, name) for name in self.names})
        return json.dumps(values, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()

    def _is_written(self, name: str, values: Mapping[str, Any]) -> bool:
        declared = self.names[name]
        is_said = values.get(name, declared.default) != declared.default
        return declared.is_always_written or (declared.is_written and is_said)


def json_object(raw: bytes | str, *, fault: type[Exception] = IntegrityFailure) -> dict[str, Any]:
    """Return a JSON object that was stored; which names it has, a `Format` says. Raises the fault."""
    try:
        return mapping(json.loads(raw))
    except (RecursionError, TypeError, ValueError):
        raise fault from None  # JSONDecodeError carries the whole document, which may be personal


def text(value: object) -> str:
    """Return a text."""
    if not isinstance(value, str):
        raise TypeError
    return value


def text_or_none(value: object) -> str | None:
    """Return a text, or None for null."""
    return None if value is None else text(value)


def integer(value: object) -> int:
    """Return a whole number; True and False are none."""
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError
    return value


def truth(value: object) -> bool:
    """Return True or False."""
    if not isinstance(value, bool):
        raise TypeError
    return value


def mapping(value: object) -> dict[str, Any]:
    """Return a JSON object as it is."""
    if not isinstance(value, dict):
        raise TypeError
    return value


def array(value: object) -> list[Any]:
    """Return a JSON array as it is."""
    if not isinstance(value, list):
        raise TypeError
    return value
