"""Calls of the database's functions. A class declares one: what the function takes, and what it returns.

    class EndSession(Call[EndedRow], function="end_session"):
        p_session_id: UUID
        p_now: datetime

    class EndedRow(Row):
        outcome: str
        ended_at: datetime | None

    row = database.one(EndSession(p_session_id=session_id, p_now=now))

mypy checks the caller against the declaration, and a test checks the declaration against the database. These
classes cost a tenth of a NamedTuple at import, and a cold start makes all of them.
"""

from collections.abc import Iterator, Mapping
from functools import cache
from inspect import get_annotations
from types import UnionType
from typing import Any, ClassVar, Generic, Self, TypeVar, cast, dataclass_transform, get_args

from chalicelib.postgres.messages import Line
from chalicelib.postgres.schema_name import schema_name


class Row:
    """A row that a function returned; a subclass annotates its columns in their order.

    A column of a composite type is annotated with a Row of its own, `| None` where it may be null. It is null
    when its first attribute is, so that one must be a column that is never null.
    """

    @classmethod
    def read(cls, line: Line, start: int = 0) -> Self:
        """Return the row that stands in a line of the driver's, from a place on."""
        row = cls.__new__(cls)
        values = vars(row)
        for name, kind, width in _layout(cls):  # type: ignore[arg-type]  # mypy says a class has no hash
            if kind is None:
                values[name] = line[start]
            else:
                values[name] = None if line[start] is None else kind.read(line, start)
            start += width
        return row


@dataclass_transform(kw_only_default=True)
class Parameters:
    """Some parameters that go together, for a Call that annotates a name with a subclass of this."""

    def __init__(self, **values: Any) -> None:  # noqa: ANN401 - mypy checks them by the annotations
        """Take each annotated value by its name."""
        vars(self).update(values)


RowT = TypeVar("RowT", bound=Row)


class Call(Parameters, Generic[RowT]):
    """One call of a function; a subclass annotates its parameters, in any order, all of them required."""

    function: ClassVar[str]
    row: ClassVar[type[Row]]

    def __init_subclass__(cls, *, function: str) -> None:
        """Note what is called; costs little, since each cold start does it for every call there is."""
        cls.function = function
        (base,) = cls.__orig_bases__  # type: ignore[attr-defined]  # Generic sets it; mypy doesn't know
        (cls.row,) = base.__args__

    def text(self) -> str:
        """Return the statement, with the names of its parameters where values will stand."""
        return _text(type(self))  # type: ignore[arg-type]  # the same

    def values(self) -> Mapping[str, object]:
        """Return the parameters by their names in the database."""
        values: dict[str, object] = {}
        for name, value in vars(self).items():
            if isinstance(value, Parameters):
                values.update(vars(value))
            else:
                values[name] = value
        return values

    def read(self, line: Line) -> RowT:
        """Return a row that the function returned."""
        return cast("RowT", self.row.read(line))


@cache
def _text(call: type[Call[Any]]) -> str:
    selected = ", ".join(_selected(call.row))
    given = ", ".join(f"{name} => %({name})s" for name, _ in parameters(call))
    return f"SELECT {selected} FROM {schema_name()}.{call.function}({given})"  # noqa: S608 - names of our own


def parameters(call: type[Parameters]) -> Iterator[tuple[str, Any]]:
    """Yield each parameter with its annotation."""
    for name, annotation in _annotations(call, Parameters, Call):
        if isinstance(annotation, type) and issubclass(annotation, Parameters):
            yield from parameters(annotation)
        else:
            yield name, annotation


def columns(row: type[Row]) -> Iterator[tuple[str, Any]]:
    """Yield each column with its annotation."""
    yield from _annotations(row, Row)


def nested(annotation: object) -> type[Row] | None:
    """Return the Row that a column of a composite type is read as."""
    kinds = get_args(annotation) if isinstance(annotation, UnionType) else (annotation,)
    return next((kind for kind in kinds if isinstance(kind, type) and issubclass(kind, Row)), None)


def _selected(row: type[Row]) -> Iterator[str]:
    """Yield what to select: `.*` is safe, as the schema's name stands for the exact text of its functions."""
    kinds = {name: nested(annotation) for name, annotation in columns(row)}
    if not any(kinds.values()):
        yield "*"
    else:
        yield from (name if kind is None else f"({name}).*" for name, kind in kinds.items())


@cache
def _layout(row: type[Row]) -> tuple[tuple[str, type[Row] | None, int], ...]:
    """Return of each column its name, the Row that it is read as, and how many values it has."""
    kinds = ((name, nested(annotation)) for name, annotation in columns(row))
    return tuple((name, kind, len(tuple(columns(kind))) if kind else 1) for name, kind in kinds)


def _annotations(found: type, *roots: type) -> Iterator[tuple[str, Any]]:
    """Yield what a class and those it inherits from annotate, the oldest first."""
    for each in reversed(found.__mro__):
        if each not in roots:
            yield from get_annotations(each).items()
