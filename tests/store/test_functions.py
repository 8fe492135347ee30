"""What the code declares of the database's functions, held against the functions themselves."""

import importlib
import pkgutil
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from types import NoneType, UnionType
from typing import Any, get_args, get_origin
from uuid import UUID

import pytest

from chalicelib import stores
from chalicelib.postgres.calls import Call, Row, columns, nested, parameters
from chalicelib.postgres.roles import CLOSED_TO_REQUESTS, FUNCTIONS_ROLE, REQUESTS_ROLE, callers_of
from chalicelib.postgres.schema_name import FUNCTIONS, schema_name, sources
from tests.world import World

SQL_TYPES: dict[object, str] = {
    UUID: "uuid",
    bool: "boolean",
    bytes: "bytea",
    datetime: "timestamp with time zone",
    int: "bigint",
    str: "text",
    timedelta: "interval",
}
ARRAYS = ("bigint[]", "bytea[]", "text[]", "uuid[]")
SETTINGS = ["search_path=pg_catalog, pg_temp", "plan_cache_mode=force_generic_plan", "enable_seqscan=off"]
SIGNATURES = """
    SELECT proname, array_agg(name ORDER BY place) FILTER (WHERE mode IN ('i', 'b')),
        array_agg(format_type(type, NULL) ORDER BY place) FILTER (WHERE mode IN ('i', 'b')),
        array_agg(name ORDER BY place) FILTER (WHERE mode IN ('t', 'o')),
        array_agg(type::regtype::text ORDER BY place) FILTER (WHERE mode IN ('t', 'o')),
        prorettype::regtype::text
    FROM pg_proc, LATERAL unnest(
        coalesce(proallargtypes, proargtypes::oid[]),
        coalesce(proargmodes, array_fill('i'::"char", ARRAY[pronargs::int])),
        proargnames
    ) WITH ORDINALITY AS argument(type, mode, name, place)
    WHERE pronamespace = %s::regnamespace GROUP BY pg_proc.oid
    UNION ALL
    SELECT proname, NULL, NULL, NULL, NULL, prorettype::regtype::text FROM pg_proc
    WHERE pronamespace = %s::regnamespace AND proallargtypes IS NULL AND pronargs = 0
"""
ATTRIBUTES = """
    SELECT attname, format_type(atttypid, NULL) FROM pg_attribute
    WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum
"""
PROPERTIES = """
    SELECT pg_proc.oid::regproc::text, lanname, prosecdef, proconfig, provolatile::text,
        proowner::regrole::text, (
            SELECT array_agg(grantee::regrole::text ORDER BY grantee::regrole::text) FROM aclexplode(proacl)
            WHERE grantee <> proowner
        )
    FROM pg_proc JOIN pg_language ON pg_language.oid = prolang
    WHERE pronamespace = %s::regnamespace ORDER BY 1
"""


def calls() -> list[type[Call[Any]]]:
    for module in pkgutil.iter_modules(stores.__path__, "chalicelib.stores."):
        importlib.import_module(module.name)
    found: list[type[Call[Any]]] = [*Call.__subclasses__()]
    return sorted((each for each in found if each.__module__.startswith("chalicelib.")), key=function)


def function(call: type[Call[Any]]) -> str:
    return call.function


CALLS = calls()


class Database:
    """The functions as the catalogue has them."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.functions = {
            name: (dict(zip(given or [], types or [], strict=True)), returned, kinds, whole)
            for name, given, types, returned, kinds, whole in world.rows(
                SIGNATURES, schema_name(), schema_name()
            )
        }

    def returned(self, function: str) -> dict[str, str]:
        """Return the columns of a function, each with its type."""
        _, names, types, whole = self.functions[function]
        if names:
            return dict(zip(names, types, strict=True))
        return self.attributes(whole) if whole.startswith(schema_name()) else {"": whole}

    def attributes(self, composite: str) -> dict[str, str]:
        """Return the attributes of a composite type, each with its type."""
        return dict(self._world.rows(ATTRIBUTES, composite))


@pytest.fixture
def catalogue(world: World) -> Database:
    return Database(world)


def sql_type(annotation: Any) -> str:  # noqa: ANN401 - an annotation may be anything
    """Return the type in the database of what an annotation says in Python, null or not."""
    kinds = set(get_args(annotation)) - {NoneType} if isinstance(annotation, UnionType) else {annotation}
    (kind,) = kinds
    if kind in SQL_TYPES:
        return SQL_TYPES[kind]
    if get_origin(kind) is list and get_args(kind)[0] in SQL_TYPES:
        return SQL_TYPES[get_args(kind)[0]] + "[]"
    return "jsonb"  # a TypedDict, or a list of them


def differences(row: type[Row], found: dict[str, str], catalogue: Database) -> Iterator[str]:
    """Yield where a Row says other columns than there are."""
    declared = dict(columns(row))
    if list(declared) != list(found):
        yield f"{row.__name__} has {[*declared]}, the database {[*found]}"
        return
    for name, annotation in declared.items():
        inner = nested(annotation)
        if inner is not None:
            yield from differences(inner, catalogue.attributes(found[name]), catalogue)
        elif sql_type(annotation) != found[name]:
            yield f"{row.__name__}.{name} is {sql_type(annotation)}, in the database {found[name]}"


@pytest.mark.parametrize("call", CALLS, ids=function)
def test_a_call_takes_and_returns_what_its_function_does(catalogue: Database, call: type[Call[Any]]) -> None:
    given, *_ = catalogue.functions[call.function]
    assert {name: sql_type(annotation) for name, annotation in parameters(call)} == given
    assert list(differences(call.row, catalogue.returned(call.function), catalogue)) == []


def test_a_declaration_that_is_wrong_is_found(catalogue: Database) -> None:
    class WrongRow(Row):
        is_admitted: bool
        arrives_at: int

    found = catalogue.returned("count_request")
    assert list(differences(WrongRow, found, catalogue)) == [
        "WrongRow.arrives_at is bigint, in the database timestamp with time zone"
    ]
    assert list(differences(Row, found, catalogue)) == [
        "Row has [], the database ['is_admitted', 'arrives_at']"
    ]


def test_every_function_is_called_or_a_part_of_one_that_is(world: World) -> None:
    called = [call.function for call in CALLS]
    assert len(called) == len(set(called))
    texts = b"\n".join(sources(FUNCTIONS).values()).decode()
    for function, _, is_called, *_ in world.rows(PROPERTIES, schema_name()):
        name = function.partition(".")[2]
        assert is_called == (name in called), name
        assert is_called or f"@schema@.{name}(" in re.sub(rf"CREATE FUNCTION @schema@\.{name}\(", "", texts)


def test_every_function_is_declared_as_all_are(world: World) -> None:
    found = world.rows(PROPERTIES, schema_name())
    names = [function for function, *_ in found]
    assert len(names) == len(set(names))  # none is overloaded: a wrong type would call another
    for function, language, is_called, settings, volatility, owner, grantees in found:
        assert (language, volatility, owner) == ("plpgsql", "v", FUNCTIONS_ROLE), function
        assert settings == (SETTINGS if is_called else None), function  # a part has those of its caller
        callers = callers_of(function.partition(".")[2], is_part=not is_called)
        assert grantees == (sorted(callers) or None), function


def test_what_is_closed_to_requests_is_a_function_that_others_may_call() -> None:
    assert {call.function for call in CALLS} >= set(CLOSED_TO_REQUESTS)
    for function in CLOSED_TO_REQUESTS:
        assert REQUESTS_ROLE not in callers_of(function, is_part=False)


@pytest.mark.parametrize("name", sorted(sources(FUNCTIONS)))
def test_no_function_has_a_clock_of_its_own_or_catches_what_it_does_not_name(name: str) -> None:
    text = re.sub(r"--.*", "", sources(FUNCTIONS)[name].decode())
    assert not re.search(r"\b(now|clock_timestamp|statement_timestamp|transaction_timestamp)\s*\(", text)
    assert not re.search(r"\bcurrent_(timestamp|date|time)\b|\bOTHERS\b|SELECT \*|%ROWTYPE", text)


def test_a_signature_names_no_type_of_the_tables(catalogue: Database) -> None:
    for name, (given, *_) in catalogue.functions.items():
        kinds = [*given.values(), *catalogue.returned(name).values()]
        own = {kind for kind in kinds if kind.startswith(schema_name())}
        assert set(kinds) - own <= {*SQL_TYPES.values(), "jsonb", "void", *ARRAYS}, name
