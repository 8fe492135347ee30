"""A golden record: bytes that a release wrote, and what they say. Formats know how to read and write them."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
BYTES = "bytes.json"
Given = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Format:
    """How the present code reads and writes one format, in terms of JSON; binary values are hexadecimal.

    ``read(given, stored)`` returns what the bytes say; it is None for a hash, which nobody reads back.
    ``write(given, says)`` returns the bytes; it is None where a phone or a provider writes them. ``is_exact``
    is False where a write holds randomness, so that no two are alike.
    """

    write: Callable[[Given, Any], Any] | None = None
    read: Callable[[Given, Any], Any] | None = None
    is_exact: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One example: keys and circumstances that are given, what was said, and what was stored."""

    format: str
    about: str
    given: dict[str, Any]
    says: Any
    stored: Any

    @property
    def name(self) -> str:
        """Return what a test report calls it."""
        return f"{self.format}: {self.about}"


def releases() -> tuple[str, ...]:
    """Return the folders of releases whose bytes are kept."""
    return tuple(sorted(path.parent.name for path in HERE.glob(f"*/{BYTES}")))


def records(release: str) -> Iterator[Record]:
    """Yield the records of a release."""
    for each in json.loads((HERE / release / BYTES).read_text(encoding="utf-8")):
        yield Record(**each)


def write_records(release: str, made: list[Record]) -> None:
    """Write the records of a release, once. Raises FileExistsError: they are there, and stay as they are."""
    path = HERE / release / BYTES
    path.parent.mkdir(exist_ok=True)
    with path.open("x", encoding="utf-8") as file:
        json.dump([asdict(each) for each in made], file, indent=1, ensure_ascii=False)
        file.write("\n")
