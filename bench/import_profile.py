"""Read what Python tells of its imports (`-X importtime`), and add it up by package.

A line has the microseconds of a module alone, those with all that it imports in turn, and its name, set in
two spaces for each module that waits for it; a module's line comes after the lines of what it imports.
The microseconds are of the clock on the wall, and writing the lines takes some of them.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

SHOWN: Final = 20
LINE: Final = re.compile(r"^import time:\s+(\d+) \|\s+(\d+) \| ( *)(\S+)$", re.MULTILINE)
SHARED: Final = frozenset({"chalicelib", "google"})  # their parts are packages of their own
COLUMNS: Final = f"{'package':<28} {'own ms':>8} {'with its own imports ms':>24} {'modules':>8}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Module:
    """One import: microseconds alone and with what it imports, and how many modules wait for it."""

    name: str
    own_us: int
    all_us: int
    depth: int

    @property
    def package(self) -> str:
        """The name that a profile adds up by."""
        parts = self.name.split(".")
        return ".".join(parts[: 2 if parts[0] in SHARED else 1])


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """One package's part: milliseconds of its own modules, and with all that they are the first to import."""

    name: str
    own_ms: float
    all_ms: float
    modules: int

    def plain(self) -> dict[str, Any]:
        """Return it for JSON."""
        return {
            "package": self.name,
            "own_ms": round(self.own_ms, 1),
            "with_its_imports_ms": round(self.all_ms, 1),
            "modules": self.modules,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportProfile:
    """What a container imports until it is ready, and what only its first request imports."""

    packages: tuple[Package, ...]
    late: tuple[Package, ...]

    @classmethod
    def read(cls, init: str, request: str) -> Self:
        """Return the profile that a log tells, up to the first event and after it; the dearest come first."""
        return cls(packages=tuple(packages(modules(init))), late=tuple(packages(modules(request))))

    def plain(self) -> dict[str, Any]:
        """Return the dearest for JSON."""
        return {
            "own_ms": round(sum(one.own_ms for one in self.packages), 1),
            "modules": sum(one.modules for one in self.packages),
            "dearest": [one.plain() for one in self.packages[:SHOWN]],
            "in_the_first_request_ms": round(sum(one.own_ms for one in self.late), 1),
            "in_the_first_request": [one.plain() for one in self.late],
        }

    def table(self) -> str:
        """Return the dearest packages, and what is imported late."""
        told = self.plain()
        head = f"Imports of init: {told['own_ms']:.0f} ms on the wall, {told['modules']} modules; the dearest"
        late = f"Imported by the first sign-in: {told['in_the_first_request_ms']:.0f} ms"
        shown = [_line(one) for one in self.packages[:SHOWN]]
        return "\n".join([head, COLUMNS, *shown, "", late, *(_line(one) for one in self.late)])


def modules(log: str) -> list[Module]:
    """Return the imports that a log tells of, each after those that it made."""
    return [
        Module(name=name, own_us=int(own), all_us=int(whole), depth=len(indent) // 2)
        for own, whole, indent, name in LINE.findall(log)
    ]


def packages(imported: Iterable[Module]) -> list[Package]:
    """Return what the packages add up to, the dearest by themselves first."""
    imported = list(imported)
    own, count, whole = defaultdict[str, int](int), defaultdict[str, int](int), defaultdict[str, int](int)
    for module, waiting in _with_waiting(imported):
        own[module.package] += module.own_us
        count[module.package] += 1
        if module.package not in waiting:
            whole[module.package] += module.all_us
    found = [
        Package(name=name, own_ms=own[name] / 1000, all_ms=whole[name] / 1000, modules=count[name])
        for name in own
    ]
    return sorted(found, key=lambda one: one.own_ms, reverse=True)


def _with_waiting(imported: list[Module]) -> Iterator[tuple[Module, Mapping[str, None]]]:
    """Yield each module with the packages of those that wait for it: read backwards, they come first."""
    waiting: list[str] = []
    for module in reversed(imported):
        del waiting[module.depth :]
        yield module, dict.fromkeys(waiting)
        waiting.append(module.package)


def _line(one: Package) -> str:
    return f"{one.name:<28} {one.own_ms:>8.1f} {one.all_ms:>24.1f} {one.modules:>8}"
