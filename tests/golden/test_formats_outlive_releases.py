"""What one release writes, every other one reads: the laws that each stored format obeys."""

import json
from dataclasses import MISSING, fields
from typing import Any

import pytest

from chalicelib.domain.account import Profile
from chalicelib.domain.chosen import NOTHING, Chosen
from chalicelib.domain.devices import Device
from chalicelib.domain.errors import IntegrityFailure
from chalicelib.domain.formats import Format, added, text
from chalicelib.domain.id_tokens import Platform
from chalicelib.domain.provider_grants import ProviderGrant
from chalicelib.services.session_copy import COPY, SessionCopy
from tests.golden.records import releases
from tests.golden.stored import Values, declared, names_read, names_read_by, written_by

LATER = "a_name_that_came_later"
WRITTEN = [
    pytest.param(declared()[label], values, id=f"{release}-{label}-{number}")
    for release in releases()
    for number, (label, values) in enumerate(written_by(release))
]
OF_EACH_FORMAT = list({param.values[0].label: param for param in WRITTEN}.values())  # type: ignore[union-attr] # pytest types values as object


def with_later_name(form: Format, *, is_written: bool) -> Format:
    """Return the format as a later release declares it, with one name more."""
    return Format(form.label, {**form.names, LATER: added(text, is_written=is_written)}, fault=form.fault)


def known(form: Format, values: Values) -> Values:
    """Return the values of declared names; DynamoDB compares some others itself."""
    return {name: value for name, value in values.items() if name in form.names}


@pytest.mark.parametrize("record", [Chosen, Device, Profile, ProviderGrant, SessionCopy])
def test_a_field_of_a_record_is_a_name_of_its_format(record: type[Any]) -> None:
    [form] = [
        each for each in declared().values() if each.names.keys() == {one.name for one in fields(record)}
    ]
    for one in fields(record):
        assert form.names[one.name].is_required or one.default in {MISSING, form.names[one.name].default}


def test_every_format_has_bytes_of_a_release() -> None:
    assert set(declared()) == {param.values[0].label for param in OF_EACH_FORMAT}  # type: ignore[union-attr] # as above


@pytest.mark.parametrize(("form", "values"), WRITTEN)
def test_a_name_that_a_later_release_added_is_dropped(form: Format, values: Values) -> None:
    assert form.read(values | {LATER: {"of": ["any", "kind"]}}) == form.read(values)  # F-39


@pytest.mark.parametrize(("form", "values"), WRITTEN)
def test_a_name_that_is_absent_has_its_default_or_is_required(form: Format, values: Values) -> None:
    read = form.read(values)
    for name, each in form.names.items():
        without = {other: value for other, value in values.items() if other != name}
        if each.is_required:
            with pytest.raises(form.fault):
                form.read(without)
        else:
            assert form.read(without) == read | {name: each.default}  # F-39


@pytest.mark.parametrize(("form", "values"), WRITTEN)
def test_a_value_of_another_kind_is_refused(form: Format, values: Values) -> None:
    for name in form.names:
        with pytest.raises(form.fault):
            form.read(values | {name: object()})


@pytest.mark.parametrize("form", declared().values(), ids=declared())
@pytest.mark.parametrize("raw", [b"", b"[", b"[]", b"null", b'"text"', b"\xff", b"[" * 100_000])
def test_bytes_that_are_no_such_record_are_refused(form: Format, raw: bytes) -> None:
    with pytest.raises(form.fault):
        form.read_json(raw)


@pytest.mark.parametrize(("form", "values"), OF_EACH_FORMAT)
def test_a_name_that_came_later_leaves_records_without_it_as_they_were(form: Format, values: Values) -> None:
    told = known(form, values)
    later = with_later_name(form, is_written=True)
    before = {name: None for name, each in form.names.items() if each.is_always_written} | told
    assert later.write(before) == form.write(before) == before
    assert list(later.write(before)) == list(form.write(before))  # in the same order


@pytest.mark.parametrize(("form", "values"), OF_EACH_FORMAT)
def test_a_name_is_read_by_one_release_and_written_by_the_next(form: Format, values: Values) -> None:
    told = {name: None for name, each in form.names.items() if each.is_always_written}
    told |= known(form, values)
    reading, writing = (with_later_name(form, is_written=is_written) for is_written in (False, True))
    assert reading.write(told | {LATER: "x"}) == form.write(told)
    written = writing.write(told | {LATER: "x"})
    assert written == told | {LATER: "x"}
    assert reading.read(values | written)[LATER] == "x"
    assert form.read(values | written) == form.read(values | told)  # after a rollback


def test_a_session_copy_may_have_more_places_or_lack_the_last() -> None:
    profile, device = Profile.from_bytes(b"{}"), Device(id="1", platform=Platform("ios"))
    places = [profile.to_bytes().decode(), device.to_bytes().decode()]
    copy = {"profile": profile, "device": device, "chosen": NOTHING}
    for more in ([], [None], [None, "later"]):
        assert COPY.read_places(json.dumps(places + more)) == copy
    with pytest.raises(IntegrityFailure):
        COPY.read_places(json.dumps(places[:1]))
    with pytest.raises(IntegrityFailure):
        COPY.read_places(json.dumps({"profile": places[0]}))


def test_a_name_that_is_not_declared_is_never_written() -> None:
    form = Format("some", {"name": added(text, is_written=True)})
    with pytest.raises(ValueError, match="some"):
        form.write({"nmae": "Ana"})


def test_only_names_that_a_release_reads_are_written() -> None:
    """A new name has `is_written=False` until a release that reads it has a folder here."""
    for label, form in declared().items():
        known_to = [names_read_by(release).get(label) for release in releases()]
        reads = {name for names in known_to if names is not None for name in names}
        early = {name for name, each in form.names.items() if each.is_written and name not in reads}
        assert not early or known_to == [None] * len(known_to), (
            f"{label}: no release reads {sorted(early)} yet. Declare it with is_written=False"
        )


@pytest.mark.parametrize("release", releases())
def test_what_a_release_reads_is_read_for_ever(release: str) -> None:
    now = names_read()
    gone = {label: set(names) - set(now.get(label, ())) for label, names in names_read_by(release).items()}
    assert {label: names for label, names in gone.items() if names} == {}
