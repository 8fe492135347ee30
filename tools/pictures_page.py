"""Write the pictures of docs/ from their texts and from the schema: `python -m tools.pictures_page`."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from chalicelib.stores.schema import Schema
from tools.pictures import boxes, sequence, tables

FOLDER: Final = Path(__file__).parent.parent / "docs" / "pictures"


def pictures() -> Mapping[Path, str]:
    """Return each SVG file and what belongs in it."""
    found = {path.with_suffix(".svg"): _drawn(path) for path in sorted(FOLDER.glob("*.txt"))}
    return found | {FOLDER / "tables.svg": tables.draw(Schema.metadata)}


def _drawn(path: Path) -> str:
    text = path.read_text(encoding="utf-8")
    return sequence.draw(text) if "\nlanes: " in text else boxes.draw(text)


if __name__ == "__main__":
    for file, svg in pictures().items():
        file.write_text(svg, encoding="utf-8")
