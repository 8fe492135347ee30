"""Statements as they are sent: plain data, which needs nothing of what described and compiled it.

The same text goes out each time, constants and all; what a caller gives is merged into it by the driver, and
each row is read into a plain tuple with names. What that saves, `make bench` measures.
"""

import json
from collections import namedtuple
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from typing import Any, cast

Row = Any  # a named tuple of the statement's columns; each statement has columns of its own
ADAPTERS: Mapping[str, Callable[[Any], Any]] = {
    "json": json.dumps,
    "list": lambda value: None if value is None else list(value),  # the driver takes a tuple for a record
    "word": lambda value: None if value is None else str(value),  # of an enum type
}
BYTES = "bytes"  # how a column is read; of an enum type it is the class, as module:Name


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """One statement: its text, what a caller gives and what it answers, with how each is adapted or read."""

    text: str
    given: tuple[tuple[str, str | None], ...]
    columns: tuple[tuple[str, str | None], ...]

    def values(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Return the values of its parameters, as the driver takes them. Raises KeyError."""
        values = {name: parameters[name] for name, _ in self.given}
        for name, adapt in self._adapters:
            values[name] = adapt(values[name])
        return values

    def rows(self, found: Sequence[tuple[Any, ...]]) -> list[Row]:
        """Return what the driver found, each value as its column is read."""
        make, readers = self._make, self._readers
        rows = []
        for line in found:
            values = list(line)
            for place, read in readers:
                if values[place] is not None:
                    values[place] = read(values[place])
            rows.append(make(values))
        return rows

    @cached_property
    def _adapters(self) -> list[tuple[str, Callable[[Any], Any]]]:
        return [(name, ADAPTERS[kind]) for name, kind in self.given if kind is not None]

    @cached_property
    def _make(self) -> Callable[[Sequence[Any]], Row]:
        names = [name for name, _ in self.columns]
        row: Any = namedtuple("Row", names, rename=True)  # type: ignore[misc]  # noqa: PYI024 - known at run time only
        return cast("Callable[[Sequence[Any]], Row]", row._make)

    @cached_property
    def _readers(self) -> list[tuple[int, Callable[[Any], Any]]]:
        return [(place, _reader(kind)) for place, (_, kind) in enumerate(self.columns) if kind is not None]


def _reader(kind: str) -> Callable[[Any], Any]:
    if kind == BYTES:
        return bytes  # the driver answers a memoryview
    module, _, name = kind.partition(":")
    return cast("Callable[[Any], Any]", getattr(import_module(module), name))
