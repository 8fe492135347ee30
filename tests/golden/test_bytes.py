"""Bytes of every earlier release are read to what they say; what has one spelling is still spelled so.

A failure here means that data of real people, tokens on their phones, or evidence can't be read any more.
Make the code read the old bytes too; never change a golden file.
"""

import pytest

from tests.golden.formats import FORMATS
from tests.golden.records import Record, records, releases

ALL = {f"{release}-{record.name}": record for release in releases() for record in records(release)}
IS_READ = [pytest.param(each, id=name) for name, each in ALL.items() if FORMATS[each.format].read]
IS_WRITTEN = [pytest.param(each, id=name) for name, each in ALL.items() if FORMATS[each.format].write]


@pytest.mark.parametrize("record", IS_READ)
def test_what_an_earlier_release_wrote_is_read(record: Record) -> None:
    form = FORMATS[record.format]
    assert form.read is not None
    assert form.read(record.given, record.stored) == record.says


@pytest.mark.parametrize("record", IS_WRITTEN)
def test_the_same_bytes_are_written(record: Record) -> None:
    form = FORMATS[record.format]
    assert form.write is not None
    written = form.write(record.given, record.says)
    if form.is_exact:
        assert written == record.stored
    else:  # what holds randomness is never written alike, and read all the same
        assert form.read is not None
        assert written != record.stored
        assert form.read(record.given, written) == record.says


def test_every_format_has_golden_bytes_and_is_checked() -> None:
    assert {record.format for record in ALL.values()} == set(FORMATS)
    assert all(form.read or form.write for form in FORMATS.values())
    assert len(ALL) == sum(1 for release in releases() for _ in records(release))  # no two share a name
