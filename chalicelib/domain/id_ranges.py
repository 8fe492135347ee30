"""Sets of ids as ranges with both ends included, ascending and apart: short, however many ids they hold."""

from collections.abc import Iterable, Iterator

Ranges = tuple[tuple[int, int], ...]


def ranges_of(ids: Iterable[int]) -> Ranges:
    """Return ids as ranges."""
    joined: list[tuple[int, int]] = []
    for each in sorted(set(ids)):
        if joined and joined[-1][1] == each - 1:
            joined[-1] = (joined[-1][0], each)
        else:
            joined.append((each, each))
    return tuple(joined)


def without(whole: Iterable[tuple[int, int]], taken: Iterable[tuple[int, int]]) -> Ranges:
    """Return what is left of ranges when others are taken out."""
    left = list(whole)
    for first, last in taken:
        left = [piece for each in left for piece in _pieces(each, first, last)]
    return tuple(left)


def holds(ranges: Iterable[tuple[int, int]], each: int) -> bool:
    """Tell whether an id is in one of the ranges."""
    return any(first <= each <= last for first, last in ranges)


def size(ranges: Iterable[tuple[int, int]]) -> int:
    """Return how many ids there are in all."""
    return sum(last - first + 1 for first, last in ranges)


def ids_in(ranges: Iterable[tuple[int, int]]) -> Iterator[int]:
    """Yield every id, in order."""
    for first, last in ranges:
        yield from range(first, last + 1)


def _pieces(whole: tuple[int, int], first: int, last: int) -> Iterator[tuple[int, int]]:
    if last < whole[0] or whole[1] < first:
        yield whole
        return
    if whole[0] < first:
        yield whole[0], first - 1
    if last < whole[1]:
        yield last + 1, whole[1]
