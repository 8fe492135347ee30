"""Statements, from SQLAlchemy's description to what is sent: to make a package, and where there is none.

A statement's constants are written into its text, by the driver's own rules: only what a caller gives is
merged at run time. Nothing that a request brings can come here.
"""

import re
from collections.abc import Iterable
from importlib import import_module
from typing import Any, cast

from psycopg2.extensions import adapt
from sqlalchemy import ARRAY, JSON, Boolean, ClauseElement, Enum, Executable, LargeBinary
from sqlalchemy.dialects.postgresql import psycopg2
from sqlalchemy.engine import Dialect
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.types import TypeEngine

from chalicelib.stores.described import Statement, written
from chalicelib.stores.prepared import BYTES, Prepared

_MARK = re.compile(r"%(?:%|\(([^)]+)\)s)")  # of a parameter; or a percent sign, which stays doubled
DIALECT = cast("Dialect", psycopg2.dialect())  # type: ignore[no-untyped-call]  # SQLAlchemy's own


def prepared(statement: Statement | Executable) -> Prepared:
    """Return a statement as it is sent.

    Raises NotImplementedError if its text depends on its parameters, or a type of it is not provided for.
    """
    described = _described(statement) if isinstance(statement, Statement) else statement
    compiled = cast("SQLCompiler", cast("ClauseElement", described).compile(dialect=DIALECT))
    text = str(compiled)
    if "POSTCOMPILE" in text:
        raise NotImplementedError("IN a list has another text each time: say = ANY(array)")
    given, constants = list[tuple[str, str | None]](), dict[str, str]()
    for bind, name in compiled.bind_names.items():
        if bind.required:
            given.append((name, _adapter(bind.type)))
        else:
            constants[name] = _literal(bind.type, bind.effective_value)
    columns = tuple(
        (str(each.key), _reader(each.type)) for each in getattr(described, "exported_columns", ())
    )
    text = _MARK.sub(lambda mark: constants.get(mark[1], mark[0]), text)
    return Prepared(text=text, given=tuple(given), columns=columns)


def all_of(names: Iterable[str]) -> dict[str, list[Any]]:
    """Return statements by their names, `module.NAME`, as a package brings them."""
    statements = (Statement(*name.split(".")) for name in sorted(names))
    return {".".join(each): written(prepared(each)) for each in statements}


def _described(statement: Statement) -> Executable:
    module = import_module(f"{__package__}.{statement.module}")
    return cast("Executable", getattr(module, statement.name))


def _literal(kind: TypeEngine[Any], value: object) -> str:
    """Return a constant as it stands in the text, where a percent sign is doubled."""
    process = kind.dialect_impl(DIALECT).bind_processor(DIALECT)
    quoted = str(adapt(value if process is None else process(value)).getquoted(), "ascii")
    if "\\" in quoted:
        raise NotImplementedError("how a backslash is quoted depends on the connection")
    return quoted.replace("%", "%%")


def _adapter(kind: TypeEngine[Any]) -> str | None:
    """Return how a parameter is adapted, beside what the driver does by itself."""
    if kind.dialect_impl(DIALECT).bind_processor(DIALECT) is None or isinstance(kind, Boolean):
        return None
    if isinstance(kind, Enum):
        return "word"
    if isinstance(kind, JSON):
        return "json"
    if isinstance(kind, ARRAY) and _adapter(kind.item_type) is None:
        return "list"
    raise NotImplementedError(f"no adapter for {kind!r}")


def _reader(kind: TypeEngine[Any]) -> str | None:
    """Return how a column is read, beside what the driver does by itself."""
    if kind.dialect_impl(DIALECT).result_processor(DIALECT, None) is None:
        return None
    if isinstance(kind, Enum) and kind.enum_class is not None:
        return f"{kind.enum_class.__module__}:{kind.enum_class.__qualname__}"
    if isinstance(kind, LargeBinary):
        return BYTES
    if isinstance(kind, ARRAY) and _reader(kind.item_type) is None:
        return None
    raise NotImplementedError(f"no reader for {kind!r}")
