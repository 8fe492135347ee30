"""Names that left the process stay: apps, backends, operators, auditors and stored data rely on them."""

import json

import pytest

from tests.golden.names import DERIVED, PATH, golden, is_deployed, present
from tests.world import World

BY_HAND = sorted(set(golden()) - set(DERIVED) - {"database functions"})
GONE = """

These {kind} are in tests/golden/names.json, but no longer in the code:
{names}

Apps, other backends, operators, stored data or yesterday's release still use them. Keep the old name. If it
really must go, write a decision (docs/decisions/) that says how everybody who uses it moves on, and take the
line out of names.json in the same commit."""
NEW = """

These {kind} are in the code, but not in tests/golden/names.json:
{names}

A name that leaves the process can't be taken back later. If it is meant to be there, run
`python -m tests.golden.names` and commit the new lines."""


def _complaint(text: str, kind: str, names: set[str]) -> str:
    return text.format(kind=kind, names="\n".join(f"  {name}" for name in sorted(names)))


@pytest.mark.parametrize("kind", sorted(DERIVED))
def test_no_name_is_changed_or_removed(kind: str) -> None:
    gone = set(golden().get(kind, ())) - present(kind)
    assert not gone, _complaint(GONE, kind, gone)


@pytest.mark.parametrize("kind", sorted(DERIVED))
def test_a_new_name_is_a_line_of_the_list(kind: str) -> None:
    new = present(kind) - set(golden().get(kind, ()))
    assert not new, _complaint(NEW, kind, new)


@pytest.mark.parametrize("kind", BY_HAND)
def test_a_name_that_is_kept_by_hand_is_deployed(kind: str) -> None:
    gone = {name for name in golden()[kind] if not is_deployed(name)}
    assert not gone, _complaint(GONE, kind, gone)


def test_functions_of_the_database_stay(world: World) -> None:
    found = world.rows("SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace")
    gone = set(golden()["database functions"]) - {name for (name,) in found}
    assert not gone, _complaint(GONE, "functions of the database", gone)


def test_the_list_reads_well() -> None:
    lists = golden()
    assert all(names == sorted(set(names)) and names for names in lists.values())
    assert PATH.read_text(encoding="utf-8") == (
        json.dumps(lists, indent=1, ensure_ascii=False, sort_keys=True) + "\n"
    )


def test_a_name_that_nobody_deploys_is_noticed() -> None:
    assert not is_deployed("function events: no_such_member")
    assert is_deployed("function events: user_id")
