"""A comparison finds what is there, and says when nothing is to be seen."""

import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from bench.compare import NotComparable, compared, worktree
from bench.grown import Grown
from bench.operations import OPERATIONS
from bench.pairs import paired, table
from local.deployed import fresh
from local.places import PROJECT
from tests.conftest import RUN

NOISE = (1.0, 1.09, 0.93, 1.21, 0.97, 1.02, 0.9, 1.04)  # of the machine: both of a pair have it
OWN_NOISE = (1.01, 0.98, 1.03, 0.99, 1.0, 0.97, 1.04, 1.0)
# More CPU than the handler ever takes, and an exact one, so that the machine has no say in the ratio.
TAKES = """

import time


class Exact(Api):
    def __call__(self, event, context):
        until = time.process_time() + SECONDS
        answer = super().__call__(event, context)
        while time.process_time() < until:
            pass
        return answer


app.__class__ = Exact
"""


def of_handler(times: float) -> tuple[dict[str, float], ...]:
    return tuple({"refresh": 0.5 * noise * own * times} for noise, own in zip(NOISE, OWN_NOISE, strict=True))


@pytest.mark.parametrize(("times", "verdict"), [(1.5, "slower"), (1 / 1.5, "faster"), (1.0, "no difference")])
def test_a_difference_is_found_under_noise_that_is_larger_than_none(times: float, verdict: str) -> None:
    before = tuple({"refresh": 0.5 * noise} for noise in NOISE)
    (found,) = paired(before, of_handler(times))
    assert found.verdict == verdict
    assert found.ratio == pytest.approx(times, rel=0.02)


def test_many_people_may_not_be_slower_where_the_pairs_agree_on_it() -> None:
    few = tuple({"refresh": 0.5 * noise} for noise in NOISE)
    grown = Grown(
        people=10, runs=(), cpu=paired(few, of_handler(1.5)), p50=(), whole_reads=("refresh: users",)
    )
    assert list(grown.shortfalls()) == [
        "refresh with 10 people: 1.50 times the CPU",
        "whole table read: refresh: users",
    ]
    of_the_machine = paired([{"refresh": 1.0}] * 3, [{"refresh": 0.4}, {"refresh": 3.5}, {"refresh": 3.6}])
    assert list(replace(grown, cpu=of_the_machine, whole_reads=()).shortfalls()) == []


def test_a_table_has_both_medians_the_ratio_and_its_spread() -> None:
    pairs = paired([{"refresh": 0.4}, {"refresh": 0.5}], [{"refresh": 0.8}, {"refresh": 1.5}])
    assert table(pairs, "CPU", "main", "tree").splitlines()[2].split() == [
        *("refresh", "0.450", "1.150", "2.50", "2.00..3.00", "slower"),
    ]


def test_a_planted_slowness_of_half_is_found_by_processes_that_take_turns() -> None:
    base, slower = (planted(name, seconds) for name, seconds in (("base", 0.02), ("slower", 0.03)))
    found = compared(base, slower, pairs=2, people=4)
    of_handlers = {one.name: "slower" for one in OPERATIONS}
    own = [one for one in found if one.operation in of_handlers]
    assert {one.operation: one.verdict for one in own} == of_handlers
    for one in own[1:]:  # of the first, the calls to AWS are left out, which took their part of both
        assert one.ratio == pytest.approx(1.5, rel=0.05)


def planted(name: str, seconds: float) -> Path:
    """Return a copy of the project whose handler takes so much CPU for each request."""
    root = fresh(RUN / f"compare-{name}")
    for folder in ("alembic", "bench", "chalicelib", "local"):
        shutil.copytree(PROJECT / folder, root / folder, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(PROJECT / "alembic.ini", root)
    entry = (PROJECT / "app.py").read_text(encoding="utf-8") + TAKES.replace("SECONDS", str(seconds))
    (root / "app.py").write_text(entry, encoding="utf-8")
    return root


def test_a_base_is_a_revision_with_this_bench_and_leaves_nothing_behind() -> None:
    folder = RUN / "compare-worktree"
    with worktree("HEAD", folder) as base:
        assert (base / "app.py").exists()
        assert (base / "bench" / "contender.py").read_text() == (PROJECT / "bench/contender.py").read_text()
        assert str(folder) in worktrees()
    assert not folder.exists()
    assert str(folder) not in worktrees()


def test_a_base_that_is_no_revision_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NotComparable, match="no-such-revision"), worktree("no-such-revision", tmp_path / "w"):
        pass


def worktrees() -> str:
    command = (shutil.which("git") or "git", "worktree", "list")
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=True)  # noqa: S603 - our own
    return done.stdout
