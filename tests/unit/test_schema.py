import json
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openapi_schema_validator import OAS31Validator

from chalicelib.domain.decoration import Decoration
from chalicelib.domain.errors import InvalidInput
from chalicelib.routes.faults import FAULTS_MAX
from chalicelib.routes.fields import (
    INTEGER_MAX,
    Anything,
    Choice,
    Field,
    Flag,
    Integer,
    Text,
    Timestamp,
    Uuid,
)
from chalicelib.routes.schema import (
    Items,
    Record,
    conforms,
    decoration,
    forgiving,
    nullable,
    optional,
    required,
)
from tests.http.small_api import NEW_PET, Kind

TREE = Record(
    "Tree",
    {
        "name": required(Text(max_chars=5, min_chars=2, pattern="[a-z]*")),
        "kind": required(Choice(Kind)),
        "old": optional(nullable(Flag())),
        "height": optional(Integer(minimum=1, maximum=99)),
        "leaves": optional(Items(of=Record("Leaf", {"a/b~c": required(Flag())}), max_items=2, min_items=1)),
        "note": optional(Choice(("x", "y"))),
        "nick": optional(Text(max_chars=4, min_chars=2, pattern="[a-z]*")),
    },
)
GOOD = {"name": "oak", "kind": "cat"}


def faults(record: Record, value: object) -> list[tuple[str, str]]:
    with pytest.raises(InvalidInput) as refusal:
        record.parse(value)
    return [(fault.pointer, fault.code) for fault in refusal.value.faults]


def one(field: Field, value: object) -> object:
    return Record("One", {"it": required(field)}).parse({"it": value})["it"]


def test_absent_optional_members_are_none() -> None:
    assert TREE.parse(GOOD) == {
        "name": "oak",
        "kind": Kind.cat,
        **dict.fromkeys(("old", "height", "leaves", "note", "nick")),
    }


def test_a_choice_is_read_as_its_member() -> None:
    assert TREE.parse(GOOD)["kind"] is Kind.cat


def test_all_faults_are_told_at_once_with_their_places() -> None:
    value = {"kind": "fox", "height": True, "leaves": [{"a/b~c": 1}, {}], "x~/": 1}
    assert faults(TREE, value) == [
        ("/x~0~1", "unknown_field"),
        ("/name", "required"),
        ("/kind", "not_allowed"),
        ("/height", "wrong_type"),
        ("/leaves/0/a~1b~0c", "wrong_type"),
        ("/leaves/1/a~1b~0c", "required"),
    ]


@pytest.mark.parametrize("name", [name for name, member in TREE.members.items() if not member.is_required])
def test_null_is_an_optional_member_that_is_absent(name: str) -> None:
    assert TREE.parse({**GOOD, name: None}) == TREE.parse(GOOD)


def test_an_empty_text_is_an_optional_member_that_is_absent_and_no_required_one() -> None:
    assert TREE.parse({**GOOD, "nick": ""}) == TREE.parse(GOOD)
    assert faults(TREE, {**GOOD, "name": ""}) == [("/name", "too_short")]


def test_an_answer_has_no_null_where_it_declares_none() -> None:
    assert not conforms(Record("R", {"a": optional(Text(max_chars=9))}, open=True), {"a": None})


def test_the_values_of_an_answer_are_described_as_those_of_today() -> None:
    kind = required(nullable(Choice(Kind)))
    answer = Record("R", {"kind": kind}, open=True).definition()
    assert "enum" not in json.dumps(answer).replace("x-extensible-enum", "")
    assert "enum" in json.dumps(Record("R", {"kind": kind}).definition())


FORGIVING = Record(
    "Forgiving",
    {
        "shown": decoration(Decoration(chars_max=3, bytes_max=12), "It is shown."),
        "inner": forgiving(Record("Inner", {"it": forgiving(Flag())}, ignores_unknown=True)),
    },
    ignores_unknown=True,
    never=frozenset({"secret"}),
)
CHANGE = Record(
    "Change", {"shown": decoration(Decoration(chars_max=3, bytes_max=12), "It is shown.")}, partial=True
)


@pytest.mark.parametrize("value", [None, "", 7, [], {}, "\n", {"it": 1}])
def test_a_forgiving_member_never_refuses_a_body(value: object) -> None:
    read = FORGIVING.parse({"shown": value, "inner": value, "other": value})
    assert (read["shown"], (read["inner"] or {"it": None})["it"]) == (None, None)


def test_a_member_that_may_never_come_refuses_a_body_that_ignores_others() -> None:
    assert faults(FORGIVING, {"secret": None, "other": 1}) == [("/secret", "not_allowed")]


@pytest.mark.parametrize(
    ("told", "change"),
    [(None, {"shown": None}), ("", {}), ("\n", {}), (7, {}), ("abcd", {"shown": "abc"})],
)
def test_in_a_change_null_clears_and_what_nothing_is_left_of_stays(told: object, change: object) -> None:
    assert CHANGE.parse({"shown": told}) == change  # RFC 7396


def test_unknown_fields_are_refused() -> None:  # A2
    assert faults(TREE, {**GOOD, "is_admin": True}) == [("/is_admin", "unknown_field")]


def test_an_open_record_still_reads_only_what_it_declares() -> None:
    assert not conforms(Record("R", {}, open=True), {"extra": 1})


def test_an_endless_unknown_name_is_not_repeated() -> None:
    assert faults(TREE, {**GOOD, "x" * 5000: 1}) == [("", "unknown_field")]


def test_the_number_of_faults_is_bounded() -> None:
    assert len(faults(TREE, {str(number): 0 for number in range(500)})) == FAULTS_MAX


@pytest.mark.parametrize(
    ("member", "value", "code"),
    [
        ("name", "o", "too_short"),
        ("name", "oakoak", "too_long"),
        ("name", "OAK", "pattern"),
        ("name", "oak\n", "pattern"),
        ("name", None, "wrong_type"),
        ("name", 7, "wrong_type"),
        ("kind", ["cat"], "wrong_type"),
        ("old", 1, "wrong_type"),
        ("old", "true", "wrong_type"),
        ("height", 1.0, "wrong_type"),
        ("height", "7", "wrong_type"),
        ("height", 0, "not_allowed"),
        ("height", 100, "not_allowed"),
        ("leaves", {}, "wrong_type"),
        ("leaves", [], "too_few"),
        ("leaves", [{"a/b~c": True}] * 3, "too_many"),
        ("note", "z", "not_allowed"),
    ],
)
def test_a_value_that_does_not_fit_is_named_with_its_reason(member: str, value: object, code: str) -> None:
    assert faults(TREE, {**GOOD, member: value}) == [(f"/{member}", code)]


@pytest.mark.parametrize("value", [None, [], "text", 1, True])
def test_only_an_object_is_a_record(value: object) -> None:
    assert faults(TREE, value) == [("", "wrong_type")]


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2025-03-01T12:00:00Z", datetime(2025, 3, 1, 12, tzinfo=UTC)),
        ("2025-03-01T12:00:00.25+02:00", datetime(2025, 3, 1, 10, 0, 0, 250_000, tzinfo=UTC)),
    ],
)
def test_times_are_read_as_utc(text: str, moment: datetime) -> None:
    read = one(Timestamp(), text)
    assert read == moment
    assert isinstance(read, datetime)
    assert read.utcoffset() == timedelta(0)


@pytest.mark.parametrize(
    "text",
    [
        "2025-03-01",
        "2025-03-01T12:00:00",
        "2025-02-31T12:00:00Z",
        "2025-03-01 12:00:00Z",
        "20250301T120000Z",
        "0001-01-01T00:00:00+23:59",
        "2025-W09-6T12:00:00Z",
        "\uff12025-03-01T12:00:00Z",
        "",
    ],
)
def test_what_is_no_rfc_3339_time_is_refused(text: str) -> None:
    assert faults(Record("One", {"it": required(Timestamp())}), {"it": text}) == [("/it", "pattern")]


def test_capital_letters_are_a_uuid_too() -> None:
    assert one(Uuid(), "0F8FAD5B-D9CB-469F-A165-70867728950E") == UUID("0f8fad5b-d9cb-469f-a165-70867728950e")


@pytest.mark.parametrize(
    "text", ["0f8fad5bd9cb469fa16570867728950e", "{0f8fad5b-d9cb-469f-a165-70867728950e}", "urn:uuid:x", ""]
)
def test_other_spellings_of_a_uuid_are_refused(text: str) -> None:
    assert faults(Record("One", {"it": required(Uuid())}), {"it": text}) == [("/it", "pattern")]


def test_anything_is_anything() -> None:
    assert one(Anything(), {"a": [1, None]}) == {"a": [1, None]}


def test_integers_stop_where_readers_of_json_disagree() -> None:
    assert one(Integer(), INTEGER_MAX) == 2**53 - 1


def test_the_description_of_a_record_is_closed_for_requests_and_open_for_answers() -> None:
    assert TREE.definition()["additionalProperties"] is False
    assert "additionalProperties" not in Record("R", {}, open=True).definition()


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(min_value=-2, max_value=120)
    | st.sampled_from(["", "cat", "dog", "fox", "x", "y", "o", "oak", "OAK", "oakoak"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.just("a/b~c"), inner),
    max_leaves=4,
)
NAMES = st.sampled_from([*TREE.members, "other"])
BODIES = st.dictionaries(NAMES, VALUES, max_size=4) | st.dictionaries(NAMES, VALUES).map(
    lambda extra: {**extra, **GOOD}
)
COMPONENTS = {record.name: record.definition() for record in TREE.records()}
# No "oak\n" among the values: Python's $ stands before a final newline too; ECMA's and fullmatch don't.
VALIDATOR = OAS31Validator({**TREE.schema(), "components": {"schemas": COMPONENTS}})


@given(BODIES)
def test_the_reader_accepts_exactly_what_its_description_accepts(body: dict[str, object]) -> None:
    assert conforms(TREE, body) is VALIDATOR.is_valid(body)


def test_every_record_inside_is_a_component() -> None:
    assert [record.name for record in NEW_PET.records()] == ["NewPet", "Friend"]
