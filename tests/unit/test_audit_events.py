"""How an event is written into a tree: one spelling, every column, no two events alike."""

import json
from dataclasses import replace
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.audit_events import UNREADABLE, AuditEvent, canonical_json

EVENT = AuditEvent(
    id=7,
    occurred_us=1767225600000001,
    kind="session.started",
    user_id="0f8fad5b-d9cb-469f-a165-70867728950e",
    session_id=None,
    request_id="r-1",
    details='{"reason":"logout"}',
)
# Written out by hand, as docs/audit.md tells an auditor to: length in 4 bytes, then the text.
ENTRY = (
    b"\x00\x00\x00\x1bserenya-auth/v1/audit-event"
    b"\x00\x00\x00\x017"
    b"\x00\x00\x00\x101767225600000001"
    b"\x00\x00\x00\x0fsession.started"
    b"\x00\x00\x00\x240f8fad5b-d9cb-469f-a165-70867728950e"
    b"\x00\x00\x00\x00"
    b"\x00\x00\x00\x03r-1"
    b'\x00\x00\x00\x13{"reason":"logout"}'
)


def test_the_leaf_is_the_hash_of_the_documented_bytes() -> None:
    assert EVENT.leaf() == sha256(b"\x00" + ENTRY).digest()


@pytest.mark.parametrize(
    "change",
    [
        {"id": 8},
        {"occurred_us": None},
        {"kind": "session.ended"},
        {"user_id": None},
        {"user_id": None, "session_id": EVENT.user_id},
        {"request_id": "r-2"},
        {"details": "{}"},
        {"kind": "session.startedr", "request_id": "-1"},
    ],
)
def test_every_column_counts(change: dict[str, object]) -> None:
    assert replace(EVENT, **change).leaf() != EVENT.leaf()  # type: ignore[arg-type] # columns of any type


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ('{"b": 1, "a": [true, null, "é\\u0001\\""]}', '{"a":[true,null,"é\\u0001\\""],"b":1}'),
        ('{"n": 0.1000000000000000055}', '{"n":0.1000000000000000055}'),
        ('{"n": 1.50}', '{"n":1.50}'),
        ("[" * 100_000 + "]" * 100_000, UNREADABLE),
        ("{", UNREADABLE),
    ],
)
def test_details_have_one_spelling(text: str, canonical: str) -> None:
    assert canonical_json(text) == canonical


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(codec="utf-8"), max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(st.characters(codec="utf-8"), max_size=3), inner, max_size=3)
    ),
    max_leaves=10,
)


@given(JSON, JSON)
def test_two_details_have_the_same_spelling_only_if_they_are_the_same(one: object, other: object) -> None:
    first, second = (canonical_json(json.dumps(each)) for each in (one, other))
    assert canonical_json(first) == first
    assert json.loads(first) == one
    assert (first == second) == (json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True))
