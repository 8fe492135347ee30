"""Compile the statements of a package ahead: whoever runs it needs no SQLAlchemy to answer a request.

They are compiled by the very tree that is packaged, and lie next to its stores with a digest of the sources
that they were made of. Nothing writes them into the project: there, statements are compiled when they are
first sent, so that no stale one can be met.
"""

import ast
import hashlib
import json
import subprocess
import sys
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

COMPILED: Final = "chalicelib/stores/statements.json"
MADE_OF: Final = ("chalicelib/domain/", "chalicelib/stores/")  # the description, and the constants in it
COMPILE: Final = """
import json, sys
sys.path.insert(0, sys.argv[1])
from chalicelib.stores.compiling import all_of
json.dump(all_of(json.load(sys.stdin)), sys.stdout)
"""


def write(tree: Path) -> None:
    """Write what a tree's stores send next to them. Raises CalledProcessError if one can't be compiled."""
    sources = {path.relative_to(tree).as_posix(): path.read_bytes() for path in _sources(tree)}
    names = sorted({name for source in sources.values() for name in named(source.decode())})
    command = (sys.executable, "-B", "-c", COMPILE, str(tree.resolve()))
    done = subprocess.run(command, input=json.dumps(names), stdout=subprocess.PIPE, text=True, check=True)
    made = {"digest": digest(sources), "statements": json.loads(done.stdout)}
    (tree / COMPILED).write_text(json.dumps(made, separators=(",", ":"), sort_keys=True), encoding="utf-8")


def faults_of(package: zipfile.ZipFile) -> Iterator[str]:
    """Yield what is wrong with a package's statements: without them, it would compile some at every start."""
    names = package.namelist()
    if COMPILED not in names:
        yield f"{COMPILED} is missing: no statement is compiled"
        return
    sources = {
        name: package.read(name) for name in names if name.startswith(MADE_OF) and name.endswith(".py")
    }
    if json.loads(package.read(COMPILED))["digest"] != digest(sources):
        yield f"{COMPILED} was made of other sources"


def digest(sources: Mapping[str, bytes]) -> str:
    """Return what tells these sources from others."""
    lines = (f"{hashlib.sha256(text).hexdigest()}  {name}\n" for name, text in sorted(sources.items()))
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def named(source: str) -> Iterator[str]:
    """Yield `module.NAME` of each statement that a store names: `described("module")`, and its attributes."""
    nodes = list(ast.walk(ast.parse(source)))
    modules = dict(_described(nodes))
    for node in nodes:
        match node:
            case ast.Attribute(value=ast.Name(id=variable), attr=name) if variable in modules:
                yield f"{modules[variable]}.{name}"
            case _:
                pass


def _described(nodes: Iterable[ast.AST]) -> Iterator[tuple[str, str]]:
    for node in nodes:
        match node:
            case ast.Assign(
                targets=[ast.Name(id=variable)],
                value=ast.Call(func=ast.Name(id="described"), args=[ast.Constant(value=str(module))]),
            ):
                yield variable, module
            case _:
                pass


def _sources(tree: Path) -> Iterator[Path]:
    return (path for folder in MADE_OF for path in (tree / folder).rglob("*.py"))
