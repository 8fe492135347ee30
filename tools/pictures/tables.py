"""Draw the tables, and which refers to which, from SQLAlchemy's metadata."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Final

from sqlalchemy import MetaData, Table

from tools.pictures.drawing import LINE_HEIGHT, MARGIN, PADDING, Box, Drawing, Point, width_of

_TOP: Final = 64
_GUTTER, _BETWEEN, _LANE = 96, 20, 9


def draw(metadata: MetaData) -> str:
    """Return the SVG of all tables: those that refer to another by depth, the rest below."""
    parents = {name: _parents(table) for name, table in metadata.tables.items()}
    joined = set(parents) & ({name for name, up in parents.items() if up} | set().union(*parents.values()))
    drawing = Drawing("Tables, and which refers to which")
    lanes = [(child, up) for child in sorted(joined) for up in parents[child]]
    boxes = _columns(metadata, parents, joined, top=_TOP + _LANE * _skips(lanes, parents) + 10)
    for box_name, box in boxes.items():
        _table(drawing, metadata.tables[box_name], box)
    _lines(drawing, metadata.tables, boxes, lanes, parents)
    right, bottom = max(b.x + b.width for b in boxes.values()), max(b.y + b.height for b in boxes.values())
    height = _alone(drawing, metadata, sorted(set(parents) - joined), right=right, top=bottom + 46)
    return drawing.svg(right + MARGIN, height + MARGIN)


def _parents(table: Table) -> list[str]:
    found = {key.column.table.name for column in table.columns for key in column.foreign_keys}
    return sorted(found - {table.name})


def _depth(name: str, parents: Mapping[str, Sequence[str]]) -> int:
    return max((_depth(up, parents) + 1 for up in parents[name]), default=0)


def _skips(lanes: Sequence[tuple[str, str]], parents: Mapping[str, Sequence[str]]) -> int:
    return sum(_depth(child, parents) - _depth(up, parents) > 1 for child, up in lanes)


def _shown(table: Table) -> list[str]:
    """Return the lines of a table: its key, what refers to others, and how many columns there are besides."""
    keys = [f"{column.name} (key)" for column in table.columns if column.primary_key]
    refers = [
        f"{column.name} →" for column in table.columns if column.foreign_keys and not column.primary_key
    ]
    rest = len(table.columns) - len(keys) - len(refers)
    return [*keys, *refers, *([f"{rest} more"] if rest else [])]


def _row(table: Table, parent: str) -> float:
    """Return how far below the top of its box a table names another one."""
    names = [line.partition(" ")[0] for line in _shown(table)]
    named = [c.name for c in table.columns if any(key.column.table.name == parent for key in c.foreign_keys)]
    return PADDING + 8 + (names.index(named[0]) + 1) * LINE_HEIGHT


def _size(table: Table) -> tuple[float, float]:
    lines = _shown(table)
    width = max(width_of(table.name) * 1.2, *(width_of(line) for line in lines)) + 2 * PADDING
    return width, (len(lines) + 1) * LINE_HEIGHT + 2 * PADDING


def _columns(
    metadata: MetaData, parents: Mapping[str, Sequence[str]], joined: set[str], *, top: float
) -> Mapping[str, Box]:
    by_depth = defaultdict[int, list[str]](list)
    for name in sorted(joined):
        by_depth[_depth(name, parents)].append(name)
    boxes: dict[str, Box] = {}
    x: float = MARGIN
    for _, names in sorted(by_depth.items()):
        names.sort(key=lambda name: min((boxes[up].y for up in parents[name]), default=0))
        width, y = max(_size(metadata.tables[name])[0] for name in names), top
        for name in sorted(names, key=lambda name: not parents[name] and name != "users"):
            height = _size(metadata.tables[name])[1]
            boxes[name] = Box(x, y, width, height)
            y += height + _BETWEEN
        x += width + _GUTTER
    return boxes


def _table(drawing: Drawing, table: Table, box: Box) -> None:
    drawing.box(box, fill="store")
    x, y = box.x + PADDING, box.y + PADDING + 12
    drawing.text((x, y), table.name, style="name", anchor="start")
    for number, line in enumerate(_shown(table), 1):
        drawing.text((x, y + number * LINE_HEIGHT), line, style="quiet", anchor="start")


def _lines(
    drawing: Drawing,
    tables: Mapping[str, Table],
    boxes: Mapping[str, Box],
    lanes: Sequence[tuple[str, str]],
    parents: Mapping[str, Sequence[str]],
) -> None:
    """Draw from each table to those it names: through the gutter, or above what stands between them."""
    arriving, used, above = defaultdict[str, int](int), defaultdict[float, int](int), 0
    for child, up in lanes:
        start = (boxes[child].x, boxes[child].y + _row(tables[child], up))
        arriving[up] += 1
        total = sum(1 for _, other in lanes if other == up)
        end = boxes[up].side("right", arriving[up] / (total + 1))
        near = _free(used, boxes[child].x - 22)
        if _depth(child, parents) - _depth(up, parents) == 1:
            points: list[Point] = [start, (near, start[1]), (near, end[1]), end]
        else:
            above += 1
            lane, far = _TOP + _LANE * above - 6, _free(used, boxes[up].x + boxes[up].width + _GUTTER - 22)
            points = [start, (near, start[1]), (near, lane), (far, lane), (far, end[1]), end]
        drawing.line(points)


def _free(used: defaultdict[float, int], right: float) -> float:
    """Return the next free vertical line of a gutter, from the right."""
    used[right] += 1
    return right - _LANE * (used[right] - 1)


def _alone(drawing: Drawing, metadata: MetaData, names: Sequence[str], *, right: float, top: float) -> float:
    """Draw the tables that refer to none in rows, and return where they end."""
    drawing.text((MARGIN, top - 14), "refer to no other table", style="quiet", anchor="start")
    x, y, tallest = float(MARGIN), top, 0.0
    for name in names:
        width, height = _size(metadata.tables[name])
        if x + width > right and x > MARGIN:
            x, y, tallest = MARGIN, y + tallest + _BETWEEN, 0.0
        _table(drawing, metadata.tables[name], Box(x, y, width, height))
        x, tallest = x + width + _BETWEEN, max(tallest, height)
    return y + tallest
