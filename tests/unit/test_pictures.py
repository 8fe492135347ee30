"""The pictures of docs/ are what their texts and the schema say, and stand in a page."""

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator

import pytest

from chalicelib.stores.schema import Schema
from tools.pictures import boxes, sequence, tables
from tools.pictures_page import FOLDER, pictures

NAMED = re.compile(r"!\[[^\]]+\]\(pictures/([a-z]+\.svg)\)")
SVG = "{http://www.w3.org/2000/svg}"


def test_every_picture_is_up_to_date() -> None:
    drawn = pictures()
    assert {path: path.read_text(encoding="utf-8") for path in drawn} == drawn, "stale: run `make docs`"


def test_every_picture_stands_in_a_page_and_every_page_finds_its_own() -> None:
    pages = sorted(FOLDER.parent.glob("*.md"))
    named = {name for page in pages for name in NAMED.findall(page.read_text(encoding="utf-8"))}
    assert named == {path.name for path in FOLDER.glob("*.svg")} == {path.name for path in pictures()}


def test_no_box_lies_on_another_and_nothing_leaves_the_picture() -> None:
    for path, svg in pictures().items():
        whole, *solid = _rectangles(svg)
        for number, one in enumerate(solid):
            assert _within(one, whole), path.name
            assert not [other for other in solid[number + 1 :] if _overlap(one, other)], path.name


def test_every_table_is_in_the_picture_of_the_tables() -> None:
    texts = {element.text for element in ET.fromstring(tables.draw(Schema.metadata)).iter(f"{SVG}text")}  # noqa: S314 - our own
    assert set(Schema.metadata.tables) <= texts


@pytest.mark.parametrize("line", ["bix a 1,1: A", "box a: A", "a right -> b: words"])
def test_a_line_that_is_not_understood_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match=re.escape(line)):
        boxes.draw(f"title: T\ngrid: 2 x 2\nbox b 1,2: B\n{line}\n")


def test_a_message_to_nobody_is_refused() -> None:
    with pytest.raises(KeyError):
        sequence.draw("title: T\nlanes: A | B\nA -> C: words\n")


Rectangle = tuple[float, float, float, float]


def _rectangles(svg: str) -> Iterator[Rectangle]:
    """Yield the card, then the boxes: no frame around others, no patch behind a label."""
    for element in ET.fromstring(svg).iter(f"{SVG}rect"):  # noqa: S314 - our own
        if "opacity" not in element.attrib and "stroke-dasharray" not in element.attrib:
            yield (
                float(element.get("x", "0")),
                float(element.get("y", "0")),
                float(element.attrib["width"]),
                float(element.attrib["height"]),
            )


def _overlap(one: Rectangle, other: Rectangle) -> bool:
    (x, y, width, height), (u, v, wide, high) = one, other
    return x < u + wide and u < x + width and y < v + high and v < y + height


def _within(one: Rectangle, whole: Rectangle) -> bool:
    (x, y, width, height), (_, _, wide, high) = one, whole
    return x >= 0 and y >= 0 and x + width <= wide and y + height <= high
