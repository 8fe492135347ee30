"""What the security checks make of what their tools say: no tool's silence passes for an all-clear."""

from collections import Counter
from typing import Any

import pytest

from tools.security_checks import FaultyError, compared, judged

SKIPPED = {"name": "pyjwt", "skip_reason": "Dependency not found on PyPI"}
SOUND: dict[str, Any] = {"name": "boto3", "version": "1", "vulns": []}
HOLE = {"id": "GHSA-752w-5fwx-jx9f", "fix_versions": ["2.13"]}
HEX = ("tests/a.py", "Hex High Entropy String")


def test_an_index_that_knows_nothing_is_told_and_is_no_all_clear() -> None:
    assert judged([SKIPPED, SKIPPED]).startswith("NOT AUDITED")


def test_sound_packages_are_counted() -> None:
    assert judged([SOUND, SOUND]) == "none in 2 packages"


def test_a_known_hole_fails() -> None:
    with pytest.raises(FaultyError, match="pyjwt 2: GHSA-752w-5fwx-jx9f"):
        judged([SOUND, {"name": "pyjwt", "version": "2", "vulns": [HOLE]}])


def test_one_package_that_the_index_does_not_know_fails() -> None:
    with pytest.raises(FaultyError, match="pyjwt"):
        judged([SOUND, SKIPPED])


def test_what_is_explained_is_let_through() -> None:
    assert compared(Counter({HEX: 2}), Counter({HEX: 2})) == "none; 2 explained"


@pytest.mark.parametrize("count", [1, 3])
def test_one_more_or_less_than_explained_fails(count: int) -> None:
    with pytest.raises(FaultyError, match=f"{count} found, 2 explained"):
        compared(Counter({HEX: count}), Counter({HEX: 2}))
