"""A KMS key is changed in two releases, so that neither meets what it can't open (K8)."""

from dataclasses import replace
from typing import Any

import pytest

from tools.release.cloud import Cloud
from tools.release.fault import ReleaseFault
from tools.release.kms_keys import check_back, check_forward, rewrap
from tools.release.record import Release

USES = ("KMS_KEY", "SIGNING_KMS_KEY")


def release(use: str, wraps: str, history: str | None) -> Release:
    other = next(one for one in USES if one != use)
    told = {f"{use}_ID": wraps, f"{other}_ID": "other"}
    if history is not None:
        told[f"{use}_HISTORY"] = history
    return Release(
        stage="dev",
        package_sha256="0" * 64,
        commit="abc",
        revision="0001",
        config={"stages": {"dev": {"environment_variables": told}}},
        policies={},
    )


@pytest.mark.parametrize("use", USES)
def test_a_key_is_made_in_one_release_and_wraps_in_the_next(use: str) -> None:
    first, both, switched = release(use, "1", None), release(use, "1", "1,2"), release(use, "2", "1,2")
    check_forward(first, both)
    check_forward(both, switched)
    with pytest.raises(ReleaseFault, match="kms_generation in one release, and wraps_with in the next"):
        check_forward(first, switched)


@pytest.mark.parametrize("use", USES)
def test_a_release_that_does_not_know_what_wraps_now_is_refused(use: str) -> None:
    switched, alone = release(use, "2", "1,2"), release(use, "3", "3")
    with pytest.raises(ReleaseFault):
        check_forward(switched, alone)


@pytest.mark.parametrize("use", USES)
def test_nobody_goes_back_to_a_release_that_can_not_open_what_was_wrapped_since(use: str) -> None:
    first, both, switched = release(use, "1", None), release(use, "1", "1,2"), release(use, "2", "1,2")
    check_back(switched, both)
    check_back(both, replace(both, commit="def"))
    for present in (switched, both):  # from `both` too: `switched` may have run in between
        with pytest.raises(ReleaseFault, match="couldn't open what 2 wrapped"):
            check_back(present, first)


class Answering(Cloud):
    """A cloud whose function `rewrap` answers what is scripted."""

    def invoke(self, function: str, event: Any) -> Any:  # noqa: ANN401 - as its parent
        ASKED.append((function, dict(event)))
        return ANSWERS.pop(0)


ASKED: list[tuple[str, dict[str, Any]]] = []
ANSWERS: list[dict[str, Any]] = []


def test_rewrap_hands_on_each_answer_until_it_is_done() -> None:
    ASKED.clear()
    answers: list[dict[str, Any]] = [
        {"is_done": False, "after": "a"},
        {"is_done": False, "after": "b"},
        {"is_done": True},
    ]
    ANSWERS[:] = list(answers)
    assert rewrap(Answering(session=None, stage="dev")) == {"is_done": True}  # type: ignore[arg-type] # asks nobody
    assert [("rewrap", {}), ("rewrap", answers[0]), ("rewrap", answers[1])] == ASKED
