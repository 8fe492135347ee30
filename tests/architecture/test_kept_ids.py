"""No test goes unnoticed: each that commit 2805f25 had still runs, or a reason is listed why not."""

import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from tools.test_ids import PROJECT, collected

KEPT = PROJECT / "tests" / "kept"
REASON_LETTERS_MIN = 20


def unfolded(text: str) -> Iterator[str]:
    """Yield the ids of a list that names each file once, below it each test, and below that each case."""
    file = test = ""
    has_cases = True
    for line in [*text.splitlines(), ""]:
        if line.startswith("  "):
            has_cases = True
            yield f"{file}::{test}{line[2:]}"
            continue
        if not has_cases:
            yield f"{file}::{test}"
        has_cases = not line.startswith(" ")
        file, test = (file, line[1:]) if line.startswith(" ") else (line, "")


def unexplained(kept: Iterable[str], now: Iterable[str], removed: Iterable[dict[str, str]]) -> Iterator[str]:
    """Yield the ids that are gone without a reason, and the reasons that explain nothing."""
    gone = set(kept) - set(now)
    for entry in removed:
        meant = {
            one
            for one in gone
            if one == entry["id"] or one.startswith((f"{entry['id']}[", f"{entry['id']}::"))
        }
        if not meant:
            yield f"{entry['id']} isn't gone, or was never kept"
        if len(entry["reason"]) < REASON_LETTERS_MIN:
            yield f"{entry['id']} is gone without a reason"
        gone -= meant
    yield from sorted(gone)


def read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def test_every_test_is_run_or_its_end_is_explained() -> None:
    removed = tomllib.loads(read(KEPT / "removed.toml"))["removed"]
    now = collected()
    assert len(now) == len(set(now))
    assert list(unexplained(unfolded(read(KEPT / "ids.txt")), now, removed)) == []


def test_a_list_unfolds_to_ids() -> None:
    text = "tests/a.py\n test_one\n test_two\n  [x]\n  [y z]\ntests/b.py\n test_one\n"
    assert list(unfolded(text)) == [
        "tests/a.py::test_one",
        "tests/a.py::test_two[x]",
        "tests/a.py::test_two[y z]",
        "tests/b.py::test_one",
    ]
    assert len(list(unfolded(read(KEPT / "ids.txt")))) == 4887


REASON = "another test holds the same, with more cases"


@pytest.mark.parametrize(
    ("now", "removed", "found"),
    [
        (["a.py::t[1]", "a.py::t[2]", "b.py::t"], [], []),
        (["b.py::t"], [], ["a.py::t[1]", "a.py::t[2]"]),
        (["b.py::t"], [{"id": "a.py::t", "reason": REASON}], []),
        (["b.py::t"], [{"id": "a.py", "reason": REASON}], []),
        (["b.py::t"], [{"id": "a.py::t[1]", "reason": REASON}], ["a.py::t[2]"]),
        (
            ["a.py::t[1]", "a.py::t[2]"],
            [{"id": "b.py::t", "reason": "dull"}],
            ["b.py::t is gone without a reason"],
        ),
        (
            ["a.py::t[1]", "a.py::t[2]", "b.py::t"],
            [{"id": "b.py::t", "reason": REASON}],
            ["b.py::t isn't gone, or was never kept"],
        ),
    ],
    ids=["all there", "gone", "a test", "a file", "one case", "no reason", "nothing"],
)
def test_what_is_gone_needs_a_reason(now: list[str], removed: list[dict[str, str]], found: list[str]) -> None:
    assert list(unexplained(["a.py::t[1]", "a.py::t[2]", "b.py::t"], now, removed)) == found
