"""The name of the schema that holds this release's functions: it follows from their text alone.

So two releases whose functions differ live side by side, and each finds its own.
"""

import hashlib
from functools import cache
from pathlib import Path
from typing import Final

FUNCTIONS: Final = Path(__file__).resolve().parents[1] / "stores" / "sql"
PREFIX: Final = "requests_"
DIGEST_CHARS: Final = 12


@cache
def schema_name() -> str:
    """Return it; costs the reading of the folder, once a process and not at import."""
    return name_of(sources(FUNCTIONS))


def sources(folder: Path) -> dict[str, bytes]:
    """Return the files that declare the functions, by name and in order."""
    return {path.name: path.read_bytes() for path in sorted(folder.glob("*.sql"))}


def name_of(files: dict[str, bytes]) -> str:
    """Return the name of the schema for these files."""
    digest = hashlib.sha256()
    for name, text in files.items():
        digest.update(b"%s %d\n%s" % (name.encode(), len(text), text))
    return PREFIX + digest.hexdigest()[:DIGEST_CHARS]
