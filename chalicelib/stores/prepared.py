"""Statements as they are sent: described by SQLAlchemy, compiled once, read into plain tuples with names.

Nothing of SQLAlchemy's own execution is needed: the same text goes out each time, and each row is read by its
column names. What that saves, `make bench` measures.
"""

from collections import namedtuple
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any, NamedTuple, cast

from sqlalchemy import ClauseElement, Executable
from sqlalchemy.engine import Dialect
from sqlalchemy.sql.compiler import SQLCompiler

Row = Any  # a named tuple of the statement's columns; each statement has columns of its own


class _Reader(NamedTuple):
    place: int
    read: Callable[[Any], Any]


class Prepared:
    """One statement of one dialect."""

    def __init__(self, statement: Executable, dialect: Dialect) -> None:
        """Compile it. Raises NotImplementedError for one whose text depends on its parameters."""
        compiled = cast("SQLCompiler", cast("ClauseElement", statement).compile(dialect=dialect))
        self.text = str(compiled)
        if "POSTCOMPILE" in self.text:
            raise NotImplementedError("IN a list has another text each time: say = ANY(array)")
        self._constants: dict[str, Any] = {}
        self._given: list[tuple[str, Callable[[Any], Any] | None]] = []
        for bind, name in compiled.bind_names.items():
            adapt = bind.type.dialect_impl(dialect).bind_processor(dialect)
            if bind.required:
                self._given.append((name, adapt))
            else:
                value = bind.effective_value
                self._constants[name] = adapt(value) if adapt else value
        self._columns = list(getattr(statement, "exported_columns", ()))
        self._dialect = dialect

    def values(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Return the values of all its parameters, as the driver takes them. Raises KeyError."""
        values = dict(self._constants)
        for name, adapt in self._given:
            value = parameters[name]
            values[name] = value if adapt is None else adapt(value)
        return values

    def rows(self, found: Sequence[tuple[Any, ...]]) -> list[Row]:
        """Return what the driver found, each value as its column's type says."""
        make, readers = self._make, self._readers
        rows = []
        for line in found:
            values = list(line)
            for place, read in readers:
                values[place] = read(values[place])
            rows.append(make(values))
        return rows

    @cached_property
    def _make(self) -> Callable[[Sequence[Any]], Row]:
        names = [str(column.key) for column in self._columns]
        row: Any = namedtuple("Row", names, rename=True)  # type: ignore[misc]  # noqa: PYI024 - known at run time only
        return cast("Callable[[Sequence[Any]], Row]", row._make)

    @cached_property
    def _readers(self) -> list[_Reader]:
        types = (column.type.dialect_impl(self._dialect) for column in self._columns)
        processors = [kind.result_processor(self._dialect, None) for kind in types]
        return [_Reader(place, read) for place, read in enumerate(processors) if read is not None]
