"""Draw who sends what to whom in which order, from lines of text; time goes down.

title: A refresh
lanes: Phone | Service | Database
at: 0 s                              a moment, on the left
Phone -> Service: refresh token 7
Service -x Phone: token 8            what never arrives
Phone: keeps token 7                 a note on one lane
"""

import re
from typing import Final

from tools.pictures.drawing import LINE_HEIGHT, MARGIN, Box, Drawing, named_lines, width_of, wrapped

ARROW: Final = re.compile(r"(.+?) (->|-x) (.+?): (.+)")
_LEFT, _BETWEEN, _TOP, _STEP, _HEAD_WIDTH, _HEAD_HEIGHT = 96, 280, 70, 46, 150, 34
_CROSS = 7


def draw(text: str) -> str:
    """Return the SVG of a description. Raises ValueError: a line that isn't understood."""
    first, second, *lines = [line for line in text.splitlines() if line.strip()]
    lanes = second.removeprefix("lanes: ").split(" | ")
    scene = _Scene(Drawing(first.removeprefix("title: ")), lanes)
    for line in lines:
        scene.add(line)
    return scene.svg()


class _Scene:
    def __init__(self, drawing: Drawing, lanes: list[str]) -> None:
        self._drawing, self._lanes = drawing, lanes
        self._x = {name: _LEFT + _HEAD_WIDTH / 2 + number * _BETWEEN for number, name in enumerate(lanes)}
        self._y: float = _TOP + _HEAD_HEIGHT + 30
        self._front = Drawing("")

    def add(self, line: str) -> None:
        if line.startswith("at: "):
            self._front.text((MARGIN, self._y + 4), line.removeprefix("at: "), style="name", anchor="start")
            return
        if found := ARROW.fullmatch(line):
            self._send(*found.groups())
            return
        lane, _, note = line.partition(": ")
        if lane not in self._x:
            raise ValueError(line)
        self._note(lane, note)

    def _send(self, sender: str, kind: str, receiver: str, words: str) -> None:
        start, end = self._x[sender], self._x[receiver]
        if kind == "-x":
            end = start + (end - start) * 0.7
            self._front.line([(start, self._y), (end, self._y)], arrow=False, dashed=True)
            for sign in (1, -1):
                self._front.line(
                    [(end - _CROSS, self._y - _CROSS * sign), (end + _CROSS, self._y + _CROSS * sign)],
                    arrow=False,
                )
        else:
            self._front.line([(start, self._y), (end, self._y)])
        self._front.text(((start + end) / 2, self._y - 8), words, style="quiet")
        self._y += _STEP

    def _note(self, lane: str, words: str) -> None:
        lines = wrapped(words, 230)
        width, height = max(map(width_of, lines)) + 16, len(lines) * LINE_HEIGHT + 10
        box = Box(self._x[lane] - width / 2, self._y - 20, width, height)
        self._front.box(box, fill="outside")
        for number, line in enumerate(lines):
            self._front.text((self._x[lane], box.y + 18 + number * LINE_HEIGHT), line, style="quiet")
        self._y += height + 14

    def svg(self) -> str:
        for name, x in self._x.items():
            box = Box(x - _HEAD_WIDTH / 2, _TOP, _HEAD_WIDTH, _HEAD_HEIGHT)
            self._drawing.line([(x, _TOP + _HEAD_HEIGHT), (x, self._y - 12)], arrow=False, dashed=True)
            self._drawing.box(box, fill="ours")
            named_lines(self._drawing, box, name, [])
        self._drawing.parts += self._front.parts
        return self._drawing.svg(_LEFT + _HEAD_WIDTH + (len(self._lanes) - 1) * _BETWEEN + 60, self._y + 10)
