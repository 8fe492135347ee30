"""Compile what is deployed, and check what was compiled; Lambda's Python runs this: standard library only.

`python bytecode.py compile` reads a JSON list of [source, compiled, name in tracebacks]; `python bytecode.py
unfit PACKAGE` prints a JSON list of the sources in a zip without bytecode that fits them.
"""

import importlib.util
import json
import sys
import zipfile
from py_compile import PycInvalidationMode, compile  # noqa: A004 - the standard library's word for it

CHECKED_HASH = 0b11  # PEP 552: based on a hash, checked at import


def compile_all(jobs: list[list[str]]) -> None:
    """Compile with a checked hash: Chalice dates every file 1980, so a time stamp would never match."""
    for source, compiled, shown in jobs:
        compile(
            source, compiled, dfile=shown, doraise=True, invalidation_mode=PycInvalidationMode.CHECKED_HASH
        )


def unfit(package: str) -> list[str]:
    """Return the sources that Lambda would have to compile at each cold start."""
    with zipfile.ZipFile(package) as zipped:
        sources = [name for name in zipped.namelist() if name.endswith(".py")]
        return [name for name in sources if not _is_compiled(zipped, name)]


def _is_compiled(zipped: zipfile.ZipFile, name: str) -> bool:
    folder, _, file = name.rpartition("/")
    compiled = f"{folder}/__pycache__/{file[:-3]}.{sys.implementation.cache_tag}.pyc".removeprefix("/")
    try:
        head = zipped.read(compiled)[:16]
    except KeyError:
        return False
    magic, flags, of_source = head[:4], int.from_bytes(head[4:8], "little"), head[8:]
    is_ours = (magic, flags) == (importlib.util.MAGIC_NUMBER, CHECKED_HASH)
    return is_ours and of_source == importlib.util.source_hash(zipped.read(name))


if __name__ == "__main__":
    if sys.argv[1] == "compile":
        compile_all(json.load(sys.stdin))
    else:
        json.dump(unfit(sys.argv[2]), sys.stdout)
