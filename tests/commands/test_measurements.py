"""The commands that measure, as small as they can be: what they print is looked at, never how fast it was."""

from pathlib import Path

import pytest

from local.places import PROJECT
from tests.commands import copying


def told(folder: Path, *words: str) -> str:
    """Return what a command printed; one that misses its promises on a busy machine has measured too."""
    done = copying.make(folder, *words)
    assert "Traceback" not in done.stderr, done.stderr
    assert "rror:" not in done.stderr, done.stderr
    return done.stdout + done.stderr


def test_bench_prints_its_tables(copy: Path) -> None:
    assert "refresh " in told(copy, "bench", "PEOPLE=2", "CONTAINERS=1", "COLD=0", "GROWTH=")


def test_profile_names_functions(copy: Path) -> None:
    assert "read_event" in told(copy, "profile", "PEOPLE=2")


def test_load_says_how_it_went(copy: Path) -> None:
    assert "p99" in told(copy, "load", "CONTAINERS=2", "SECONDS=3")


def test_flood_measures_both_sides(copy: Path) -> None:
    assert "the flood" in told(copy, "flood")


def test_flaky_phones_take_a_seed_and_seconds(copy: Path) -> None:
    assert "passed" in told(copy, "flaky-phones", "SECONDS=1", "SEED=3")


def test_drill_proves_that_nobody_is_brought_back(copy: Path) -> None:
    assert "proved: " in told(copy, "drill")


def test_cold_start_measures_the_real_zip(copy: Path) -> None:
    packed = copying.make(copy, "package", "STAGE=dev")
    assert (packed.returncode, ".zip" in packed.stdout) == (0, True), packed.stderr
    assert "refresh" in told(copy, "cold-start", "ONLY=refresh", "TIMES=1")


def test_bench_compare_tells_pairs_apart() -> None:
    if not (PROJECT / ".git").exists():
        pytest.fail("a comparison with a revision needs a checkout of git")
    assert "refresh " in told(PROJECT, "bench-compare", "BASE=HEAD", "PAIRS=2", "PEOPLE=2")


def test_proof_cost_has_a_line_for_each_algorithm(copy: Path) -> None:
    done = copying.run(copy, (".venv/bin/python", "-m", "tools.proof_cost"))
    assert [line.split(":")[0] for line in done.stdout.splitlines()] == ["ES256", "EdDSA"]
