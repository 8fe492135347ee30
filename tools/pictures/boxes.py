"""Draw boxes on a grid and arrows between them, from lines of text.

title: Who talks to whom
grid: 4 x 3                          columns and rows; `grid: 4 x 3, 180 x 80, 60 x 50` sizes cells and gaps
group vpc 3,1 to 4,2: VPC            a frame around cells, named in its corner
box phone 1,1 outside: Phone | holds the tokens
box edge 2,1 to 2,2: API Gateway     a box may span cells
phone right -> edge left: HTTPS      from a side to a side; `right@0.3` is a place on it; `-->` is dashed
"""

import re
from collections.abc import Mapping
from itertools import pairwise
from typing import Final

from tools.pictures.drawing import MARGIN, Box, Drawing, Point, named_lines, wrapped

GRID: Final = re.compile(r"grid: (\d+) x (\d+)(?:, (\d+) x (\d+), (\d+) x (\d+))?")
PLACE: Final = re.compile(
    r"(box|group) (\w+) (\d+),(\d+)(?: to (\d+),(\d+))?(?: (\w+))?: ([^|]+)(?:\| (.*))?"
)
END: Final = r"(\w+) (left|right|top|bottom)(?:@([\d.]+))?"
ARROW: Final = re.compile(rf"{END} (-->|->) {END}(?:: (.*))?")
_HEADER = 48
_GROUP = 14  # how far a frame stands around its cells


def draw(text: str) -> str:
    """Return the SVG of a description. Raises ValueError: a line that isn't understood."""
    first, second, *lines = [line for line in text.splitlines() if line.strip()]
    drawing, grid = Drawing(first.removeprefix("title: ")), _Grid(second)
    places: dict[str, Box] = {}
    for line in lines:
        if found := PLACE.fullmatch(line):
            places[found[2]] = _place(drawing, grid, found)
        elif found := ARROW.fullmatch(line):
            _arrow(drawing, places, found)
        else:
            raise ValueError(line)
    return drawing.svg(*grid.size)


class _Grid:
    def __init__(self, line: str) -> None:
        found = GRID.fullmatch(line)
        if found is None:
            raise ValueError(line)
        columns, rows = int(found[1]), int(found[2])
        self.width, self.height = float(found[3] or 190), float(found[4] or 78)
        self.across, self.down = float(found[5] or 70), float(found[6] or 52)
        self.size = (
            2 * MARGIN + columns * self.width + (columns - 1) * self.across,
            2 * MARGIN + _HEADER + rows * self.height + (rows - 1) * self.down,
        )

    def box(self, first: Point, last: Point, *, around: float = 0) -> Box:
        x, y = self._corner(first)
        right, bottom = self._corner(last)
        return Box(
            x - around,
            y - around - (10 if around else 0),
            right - x + self.width + 2 * around,
            bottom - y + self.height + 2 * around + (10 if around else 0),
        )

    def _corner(self, cell: Point) -> Point:
        x = MARGIN + (cell[0] - 1) * (self.width + self.across)
        return x, MARGIN + _HEADER + (cell[1] - 1) * (self.height + self.down)


def _place(drawing: Drawing, grid: _Grid, found: re.Match[str]) -> Box:
    kind, first = found[1], (float(found[3]), float(found[4]))
    last = (float(found[5] or first[0]), float(found[6] or first[1]))
    if kind == "group":
        box = grid.box(first, last, around=_GROUP)
        drawing.box(box, dashed=True, fill=found[7] or "plain")
        drawing.text((box.x + 10, box.y + 15), found[8].strip(), style="quiet", anchor="start")
        return box
    box = grid.box(first, last)
    drawing.box(box, fill=found[7] or "plain")
    named_lines(drawing, box, found[8].strip(), wrapped(found[9], box.width - 8) if found[9] else [])
    return box


def _arrow(drawing: Drawing, places: Mapping[str, Box], found: re.Match[str]) -> None:
    first, second, leaving, arriving = places[found[1]], places[found[5]], found[2], found[6]
    start, end = first.side(leaving, float(found[3] or 0.5)), second.side(arriving, float(found[7] or 0.5))
    if not found[3] and not found[7]:
        start, end = _facing((first, start), (second, end), {leaving, arriving})
    points = _path(start, leaving, end, arriving)
    drawing.line(points, dashed=found[4] == "-->")
    if found[8]:
        drawing.label(_middle(points), found[8].split(" / "))


def _facing(one: tuple[Box, Point], other: tuple[Box, Point], sides: set[str]) -> tuple[Point, Point]:
    """Move the ends of an arrow so that it runs straight, if its boxes stand face to face."""
    (first, start), (second, end) = sorted((one, other), key=lambda pair: pair[0].width * pair[0].height)
    if sides == {"left", "right"} and second.y <= start[1] <= second.y + second.height:
        end = (end[0], start[1])
    elif sides == {"top", "bottom"} and second.x <= start[0] <= second.x + second.width:
        end = (start[0], end[1])
    return (start, end) if first is one[0] else (end, start)


def _path(start: Point, leaving: str, end: Point, arriving: str) -> list[Point]:
    """Return the way in right angles: straight, with one corner, or with two half-way."""
    is_level = leaving in {"left", "right"}
    if is_level != (arriving in {"left", "right"}):
        return [start, (end[0], start[1]) if is_level else (start[0], end[1]), end]
    if is_level:
        middle = (start[0] + end[0]) / 2
        return [start, end] if start[1] == end[1] else [start, (middle, start[1]), (middle, end[1]), end]
    middle = (start[1] + end[1]) / 2
    return [start, end] if start[0] == end[0] else [start, (start[0], middle), (end[0], middle), end]


def _middle(points: list[Point]) -> Point:
    """Return the middle of the longest stretch."""
    stretches = pairwise(points)
    (x, y), (u, v) = max(
        stretches, key=lambda pair: abs(pair[0][0] - pair[1][0]) + abs(pair[0][1] - pair[1][1])
    )
    return (x + u) / 2, (y + v) / 2
