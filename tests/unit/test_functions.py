"""Every function that app.py names exists, and none is imported before it is invoked (a cold start)."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from inspect import isfunction, signature

import pytest

import app
from chalicelib.functions.deferral import deferred
from tests.architecture.sources import PROJECT, python_files

EVENTS = ("event", "_event")
NOT_INVOKED = {"deferral", "invocation", "release"}
AFTER_IMPORT = """
import sys
sys.path.insert(0, sys.argv[1])
import app
print(" ".join(name for name in sys.modules if name.split(".")[0] in sys.argv[2:]))
"""
FOR_OTHERS = (
    *("alembic", "mako", "sqlalchemy"),
    *(f"chalicelib.assembly.{name}" for name in ("audit", "errands", "key_life", "operators", "recovery")),
    *(f"chalicelib.services.{name}" for name in ("audit", "operators", "purge", "recovery", "reindex")),
    *(f"chalicelib.stores.{name}" for name in ("audit_seals", "key_changes", "operators", "outbox", "purge")),
)


def named() -> Iterator[tuple[str, str, str, str]]:
    """Yield of each function in app.py its variable, its name in the cloud, and where it is."""
    (entry,) = python_files("app.py")
    for node in entry.tree.body:
        match node:
            case ast.Assign(
                targets=[ast.Name(id=variable)],
                value=ast.Call(
                    func=ast.Call(keywords=[ast.keyword(arg="name", value=ast.Constant(value=str(name)))]),
                    args=[
                        ast.Call(
                            func=ast.Name(id="deferred"),
                            args=[ast.Constant(value=str(module)), ast.Constant(value=str(function))],
                        )
                    ],
                ),
            ):
                yield variable, name, module, function
            case _:
                pass


def public(module: str) -> set[tuple[str, str]]:
    """Return the functions that a module offers, its own and public ones of what Lambda hands over."""
    found = import_module(f"chalicelib.functions.{module}")
    offered = [each for name, each in vars(found).items() if isfunction(each) and name[0] != "_"]
    own = [each for each in offered if each.__module__ == found.__name__]
    return {(module, each.__name__) for each in own if next(iter(signature(each).parameters), None) in EVENTS}


def test_every_function_has_one_name_wherever_it_is_named() -> None:
    found = list(named())
    assert len(found) == len(app.app.event_sources) + len(app.app.pure_lambda_functions)
    assert [each for each in found if len({each[0], each[1].replace("-", "_"), each[3]}) > 1] == []


def test_app_names_every_function_that_there_is_and_no_other() -> None:
    folder = PROJECT / "chalicelib" / "functions"
    modules = {path.stem for path in folder.glob("*.py")} - NOT_INVOKED - {"__init__"}
    there = {each for module in modules for each in public(module)}
    assert {(module, function) for _, _, module, function in named()} == there


def test_a_deferred_function_gets_what_it_is_given_and_answers_what_it_answers() -> None:
    assert deferred("invocation", "request_id")(object()) == "local"


@pytest.mark.parametrize(("module", "name"), [("invocation", "requestid"), ("invokation", "request_id")])
def test_a_wrong_name_is_noticed_when_it_is_called_only(module: str, name: str) -> None:
    handler = deferred(module, name)
    with pytest.raises((AttributeError, ModuleNotFoundError)):
        handler(object())


def test_importing_the_app_imports_nothing_that_only_functions_use() -> None:
    command = (sys.executable, "-B", "-c", AFTER_IMPORT, str(PROJECT), "chalicelib", *FOR_OTHERS[:3])
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=True)  # noqa: S603 - ours
    loaded = set(done.stdout.split())
    assert "chalicelib.services.sign_in" in loaded
    functions = {name for name in loaded if name.startswith("chalicelib.functions.")}
    assert functions == {"chalicelib.functions.deferral"}
    assert loaded & set(FOR_OTHERS) == set()
