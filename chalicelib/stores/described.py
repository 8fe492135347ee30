"""Statements by their names: what stores send is described in SQLAlchemy, and compiled before it is needed.

To import SQLAlchemy and to build the statements costs more than everything else that a cold start does. So a
store names its statements, and no module that answers HTTP imports what describes them. A package brings
them compiled (`tools/statements.py`); in a developer's tree each is compiled when it is first sent.
"""

import json
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias, Union

from chalicelib.stores.prepared import Prepared

if TYPE_CHECKING:
    from sqlalchemy import Executable

COMPILED = Path(__file__).with_name("statements.json")


class Statement(NamedTuple):
    """A statement, by the module of `stores` that describes it and its name there."""

    module: str
    name: str


# tools and tests may send what they described themselves
Sent: TypeAlias = Union[Statement, "Executable"]


class Described:
    """The statements that a module describes, as attributes; a test holds each name against the module."""

    def __init__(self, module: str) -> None:
        """Take the module's name."""
        self._module = module

    def __getattr__(self, name: str) -> Statement:
        """Return the statement of that name."""
        return Statement(self._module, name)


def described(module: str) -> Described:
    """Return the statements of a module, which is not imported."""
    return Described(module)


@cache
def compiled(statement: Sent) -> Prepared:
    """Return a statement as it is sent: as the package brings it, or compiled now. Raises KeyError."""
    ahead = _compiled_ahead()
    if ahead is not None and isinstance(statement, Statement):
        return read(ahead[".".join(statement)])
    from chalicelib.stores import compiling  # noqa: PLC0415 - nothing of SQLAlchemy where a package was made

    return compiling.prepared(statement)


def read(line: Any) -> Prepared:  # noqa: ANN401 - what `written` wrote
    """Return a statement of what a package brings."""
    text, given, columns = line
    return Prepared(text=text, given=tuple(map(tuple, given)), columns=tuple(map(tuple, columns)))


def written(found: Prepared) -> list[Any]:
    """Return a statement as a package brings it."""
    return [found.text, [list(each) for each in found.given], [list(each) for each in found.columns]]


@cache
def _compiled_ahead() -> dict[str, Any] | None:
    try:
        text = COMPILED.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    statements: dict[str, Any] = json.loads(text)["statements"]
    return statements
