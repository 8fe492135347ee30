"""Statements are compiled ahead, and what a package brings is what SQLAlchemy's description says (0115)."""

import ast
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg2
import pytest
from psycopg2.extensions import connection as Connection  # noqa: N812 - psycopg2's own lower case
from sqlalchemy import ARRAY, Dialect, Executable, TypeDecorator, bindparam, literal, select
from sqlalchemy.dialects.postgresql import TEXT
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.types import TypeEngine

from chalicelib.domain.sessions import SessionEnd
from chalicelib.stores import compiling, described
from chalicelib.stores.described import Statement
from chalicelib.stores.schema import AuditEvents, Sessions
from tests.architecture.sources import PROJECT, imported, python_files
from tests.world import World
from tools import statements

STORES = python_files("chalicelib/stores")
NAMED = sorted({name for found in STORES for name in statements.named(found.text)})
GIVEN: dict[str | None, object] = {
    None: "'%",
    "json": {"a": "%(b)s"},
    "list": [b"\x00", b"'"],
    "word": SessionEnd.LOGOUT,
}


class Upside(TypeDecorator[str]):
    """A type of somebody's own, which reads what it wrote in a way of its own."""

    impl = TEXT
    cache_ok = True

    def process_result_value(self, value: str | None, dialect: Dialect) -> str | None:
        return value and value[::-1]


@pytest.fixture
def driver(world: World) -> Iterator[Connection]:
    connection = psycopg2.connect(world.owner_url)
    yield connection
    connection.close()


@pytest.fixture(scope="module")
def brought(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a package made of this tree brings."""
    tree = tmp_path_factory.mktemp("tree")
    shutil.copytree(PROJECT / "chalicelib", tree / "chalicelib")
    statements.write(tree)
    return tree / statements.COMPILED


def described_one(name: str) -> Executable:
    module, _, constant = name.partition(".")
    found = getattr(import_module(f"chalicelib.stores.{module}"), constant)
    assert isinstance(found, Executable), name
    return found


def test_stores_name_statements_that_there_are() -> None:
    assert len(NAMED) > 40
    for name in NAMED:
        described_one(name)


def test_every_statement_is_sent_or_a_part_of_another() -> None:
    taken = {name for found in STORES for name in imported(found.tree)}
    for module in {name.partition(".")[0] for name in NAMED}:
        (source,) = python_files(f"chalicelib/stores/{module}.py")
        names = [node for node in ast.walk(source.tree) if isinstance(node, ast.Name) and node.id.isupper()]
        made = {node.id for node in names if isinstance(node.ctx, ast.Store)}
        parts = {node.id for node in names if isinstance(node.ctx, ast.Load)}
        dead = {name for name in made - parts if f"chalicelib.stores.{module}.{name}" not in taken}
        assert {f"{module}.{name}" for name in dead} <= set(NAMED)


def test_only_what_describes_imports_sqlalchemy() -> None:
    naming = [found for found in STORES if any(statements.named(found.text))]
    assert len(naming) > 10
    of_it = [found.path for found in naming for name in imported(found.tree) if name.startswith("sqlalchemy")]
    assert of_it == []


def test_a_package_brings_what_the_description_says(brought: Path) -> None:
    lines = json.loads(brought.read_text())["statements"]
    assert sorted(lines) == NAMED
    for name, line in lines.items():
        assert described.read(line) == compiling.prepared(described_one(name)), name


def test_a_package_sends_what_it_brings_without_importing_the_description(brought: Path) -> None:
    script = (
        "import sys; sys.path.insert(0, sys.argv[1]); from chalicelib.stores import described\n"
        "found = described.compiled(described.described('operator_statements').SUSPEND)\n"
        "print('UPDATE users' in found.text, 'sqlalchemy' in sys.modules)"
    )
    command = (sys.executable, "-B", "-c", script, str(brought.parents[2]))
    done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603 - our own
    assert done.stdout.split() == ["True", "False"]


@pytest.mark.parametrize("name", NAMED)
def test_the_driver_sends_the_same_as_if_it_merged_the_constants_too(driver: Connection, name: str) -> None:
    found, whole = compiling.prepared(described_one(name)), compiled_whole(described_one(name))
    given = found.values({each: GIVEN[kind] for each, kind in found.given})
    constants = {
        each: bound(bind.type, bind.effective_value)
        for bind, each in whole.bind_names.items()
        if each not in given
    }
    with driver.cursor() as cursor:
        assert cursor.mogrify(found.text, given) == cursor.mogrify(str(whole), constants | given)


def compiled_whole(statement: Any) -> SQLCompiler:  # noqa: ANN401 - SQLAlchemy's Executable doesn't say that it compiles
    whole = statement.compile(dialect=compiling.DIALECT)
    assert isinstance(whole, SQLCompiler)
    return whole


def bound(kind: TypeEngine[Any], value: object) -> object:
    """Return a value as SQLAlchemy would hand it to the driver."""
    process = kind.dialect_impl(compiling.DIALECT).bind_processor(compiling.DIALECT)
    return value if process is None else process(value)


@pytest.mark.parametrize(
    ("column", "value"),
    [
        (Sessions.end_reason, SessionEnd.REUSE),
        (Sessions.end_reason, None),
        (AuditEvents.details, {"a": ["%(b)s", None]}),
        (AuditEvents.details, None),
        (Sessions.amr, ("fed", "user")),
        (Sessions.amr, None),
        (Sessions.profile, b"\x00\xff"),
        (Sessions.generation, 7),
    ],
)
def test_what_is_given_is_adapted_as_sqlalchemy_does(
    column: InstrumentedAttribute[Any], value: object
) -> None:
    found = compiling.prepared(select(bindparam("p_x", type_=column.type)))
    assert found.values({"p_x": value}) == {"p_x": bound(column.type, value)}


@pytest.mark.parametrize(
    ("column", "value", "read"),
    [
        (Sessions.end_reason, "reuse", SessionEnd.REUSE),
        (Sessions.end_reason, None, None),
        (Sessions.profile, memoryview(b"\x00\xff"), b"\x00\xff"),
        (Sessions.profile, None, None),
        (Sessions.amr, ["fed"], ["fed"]),
        (AuditEvents.details, {"a": 1}, {"a": 1}),
    ],
)
def test_a_column_is_read_as_sqlalchemy_does(
    column: InstrumentedAttribute[Any], value: object, read: object
) -> None:
    ((found,),) = compiling.prepared(select(column)).rows([(value,)])
    process = column.type.dialect_impl(compiling.DIALECT).result_processor(compiling.DIALECT, None)
    assert found == read == (process(value) if process else value)
    assert type(found) is type(read)


def test_a_percent_sign_in_a_constant_is_one_when_it_is_sent(driver: Connection) -> None:
    found = compiling.prepared(select(literal("100 %"), literal("%(p_x)s"), bindparam("p_x", type_=TEXT)))
    with driver.cursor() as cursor:
        cursor.execute(found.text, found.values({"p_x": "%(p_y)s %"}))
        assert cursor.fetchall() == [("100 %", "%(p_x)s", "%(p_y)s %")]


@pytest.mark.parametrize(
    "statement",
    [
        select(literal("a\\b")),
        select(literal("a")).where(Sessions.id.in_([UUID(int=1)])),
        select(bindparam("p_x", type_=ARRAY(AuditEvents.details.type))),
        select(literal("a", Upside())),
    ],
)
def test_what_cannot_be_compiled_ahead_is_refused(statement: Executable) -> None:
    with pytest.raises(NotImplementedError):
        compiling.prepared(statement)


def test_a_statement_that_a_package_lacks_is_an_error(monkeypatch: pytest.MonkeyPatch, brought: Path) -> None:
    monkeypatch.setattr(described, "COMPILED", brought)
    described._compiled_ahead.cache_clear()
    try:
        with pytest.raises(KeyError):
            described.compiled(Statement("session_statements", "UNKNOWN"))
    finally:
        described._compiled_ahead.cache_clear()
