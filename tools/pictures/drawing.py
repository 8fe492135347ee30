"""The pieces that pictures are made of: text, boxes and lines, on a card of their own.

An SVG in a page can't know whether the page is dark, so it brings its own light background.
"""

import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Final

INK, QUIET, LINE, CARD, FRAME = "#1f2933", "#52606d", "#7b8794", "#f8fafc", "#cbd2d9"
FILLS: Final = {
    "plain": "#ffffff",
    "ours": "#dbeafe",
    "store": "#dcfce7",
    "outside": "#fef3c7",
    "key": "#ede9fe",
    "bad": "#fee2e2",
}
MARGIN, LINE_HEIGHT, PADDING = 24, 17, 10
_WIDTH = 7.3  # of a letter at 13 px, generous: fonts differ
_HEAD = f"""\
<defs><marker id="arrow" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" markerHeight="7" orient="auto">
<path d="M0 0 L10 5 L0 10 z" fill="{LINE}"/></marker></defs>
<style>
text {{ font: 13px system-ui, "Segoe UI", "DejaVu Sans", sans-serif; fill: {INK} }}
.title {{ font-size: 16px; font-weight: 600 }}
.name {{ font-weight: 600 }}
.quiet {{ fill: {QUIET}; font-size: 12px }}
</style>
"""

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle with a name and lines of text below it."""

    x: float
    y: float
    width: float
    height: float

    def side(self, side: str, at: float = 0.5) -> Point:
        """Return a point on a side; `at` goes from left to right, and from top to bottom."""
        match side:
            case "left":
                return self.x, self.y + self.height * at
            case "right":
                return self.x + self.width, self.y + self.height * at
            case "top":
                return self.x + self.width * at, self.y
            case "bottom":
                return self.x + self.width * at, self.y + self.height
            case _:
                raise ValueError(side)


@dataclass(slots=True)
class Drawing:
    """An SVG that grows; what was drawn first is behind."""

    title: str
    parts: list[str] = field(default_factory=list)

    def box(self, box: Box, *, fill: str = "plain", dashed: bool = False) -> None:
        """Draw a box; a dashed one is a frame around others."""
        dash = ' stroke-dasharray="6 4"' if dashed else ""
        self.parts.append(
            f'<rect x="{box.x:g}" y="{box.y:g}" width="{box.width:g}" height="{box.height:g}" rx="6" '
            f'fill="{FILLS[fill]}" stroke="{FRAME if dashed else LINE}"{dash}/>'
        )

    def text(self, at: Point, text: str, *, style: str = "", anchor: str = "middle") -> None:
        """Write one line."""
        x, y = at
        kind = f' class="{style}"' if style else ""
        self.parts.append(f'<text x="{x:g}" y="{y:g}" text-anchor="{anchor}"{kind}>{escape(text)}</text>')

    def label(self, at: Point, lines: Sequence[str]) -> None:
        """Write on a line: the words stand on a patch of the card's colour."""
        width, height = max(map(width_of, lines)) * 0.93 + 8, len(lines) * 15 + 4
        x, y = at[0] - width / 2, at[1] - height / 2
        self.parts.append(
            f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" fill="{CARD}" opacity="0.92"/>'
        )
        for number, line in enumerate(lines):
            self.text((at[0], y + 13 + number * 15), line, style="quiet")

    def line(self, points: Sequence[Point], *, arrow: bool = True, dashed: bool = False) -> None:
        """Draw a line through points, with an arrow at its end."""
        path = " L".join(f"{x:g} {y:g}" for x, y in points)
        end = ' marker-end="url(#arrow)"' if arrow else ""
        dash = ' stroke-dasharray="5 4"' if dashed else ""
        self.parts.append(f'<path d="M{path}" fill="none" stroke="{LINE}" stroke-width="1.5"{dash}{end}/>')

    def svg(self, width: float, height: float) -> str:
        """Return the whole file."""
        title = f'<text x="{MARGIN}" y="{MARGIN + 10}" class="title">{escape(self.title)}</text>'
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" width="{width:g}" '
            f'height="{height:g}" role="img" aria-label="{escape(self.title)}">\n{_HEAD}'
            f'<rect width="{width:g}" height="{height:g}" rx="8" fill="{CARD}" stroke="{FRAME}"/>\n{title}\n'
            + "\n".join(self.parts)
            + "\n</svg>\n"
        )


def width_of(text: str) -> float:
    """Return how wide a line of text is at most."""
    return len(text) * _WIDTH


def wrapped(text: str, width: float) -> list[str]:
    """Return the text in lines that fit."""
    return textwrap.wrap(
        text, max(8, int(width / _WIDTH)), break_long_words=False, break_on_hyphens=False
    ) or [""]


def named_lines(drawing: Drawing, box: Box, name: str, lines: Iterable[str]) -> None:
    """Write a name and the lines below it into the middle of a box."""
    rest = list(lines)
    y = box.y + (box.height - (len(rest) + 1) * LINE_HEIGHT) / 2 + 13
    middle = box.x + box.width / 2
    drawing.text((middle, y), name, style="name")
    for number, line in enumerate(rest, 1):
        drawing.text((middle, y + number * LINE_HEIGHT), line, style="quiet")
