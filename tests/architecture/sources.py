"""Read the project's source as syntax trees, so that rules speak of names and not of text."""

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
DEPLOYED = ("app.py", "chalicelib")


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One Python file: its path from the project's folder, its text and its tree."""

    path: str
    text: str
    tree: ast.Module

    def below(self, *folders: str) -> bool:
        return any(self.path == folder or self.path.startswith(f"{folder}/") for folder in folders)


def source(path: str, text: str) -> Source:
    return Source(path=path, text=text, tree=ast.parse(text, filename=path))


@cache
def python_files(*places: str) -> tuple[Source, ...]:
    return tuple(
        source(path.relative_to(PROJECT).as_posix(), path.read_text(encoding="utf-8"))
        for place in places
        for path in _paths(PROJECT / place)
    )


def _paths(place: Path) -> list[Path]:
    if place.suffix == ".py":
        return [place]
    paths = sorted(place.rglob("*.py"))
    assert paths, f"{place} holds no Python file: is the rule looking at the right place?"
    return paths


def imported(tree: ast.AST) -> Iterator[str]:
    """Yield the full name of everything that is imported anywhere in the tree."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def used(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """Yield the full name, and the line, of all that is reached through an import, aliases resolved."""
    imports = _imports(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute | ast.Name):
            first, *rest = _chain(node)
            if first in imports:
                yield ".".join((imports[first], *rest)), node.lineno


def _imports(tree: ast.AST) -> Mapping[str, str]:
    names: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                top = alias.name.partition(".")[0]  # what `import a.b` binds is `a`
                names |= {alias.asname: alias.name} if alias.asname else {top: top}
        elif isinstance(node, ast.ImportFrom):
            names |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
    return names


def _chain(node: ast.expr) -> list[str]:
    match node:
        case ast.Name(id=name):
            return [name]
        case ast.Attribute(value=value, attr=attribute):
            return [*_chain(value), attribute]
        case _:
            return [""]  # the result of a call, say: no import leads there
