"""Bytes of every earlier release are read to what they say; what has one spelling is still spelled so.

A failure here means that data of real people, tokens on their phones, or evidence can't be read any more.
Make the code read the old bytes too; never change a golden file.
"""

import pytest

from tests.golden.formats import FORMATS
from tests.golden.records import Record, records, releases

ALL = [(release, record) for release in releases() for record in records(release)]
each_record = pytest.mark.parametrize(
    "record", [pytest.param(record, id=f"{release}-{record.name}") for release, record in ALL]
)


@each_record
def test_what_an_earlier_release_wrote_is_read(record: Record) -> None:
    form = FORMATS[record.format]
    if form.read is not None:
        assert form.read(record.given, record.stored) == record.says
    else:
        assert form.write is not None, "a format is read, written, or both"


@each_record
def test_the_same_bytes_are_written(record: Record) -> None:
    form = FORMATS[record.format]
    if form.write is None:
        assert form.read is not None
        return
    written = form.write(record.given, record.says)
    if form.is_exact:
        assert written == record.stored
    else:
        assert written != record.stored
        assert form.read is not None
        assert form.read(record.given, written) == record.says


def test_every_format_has_golden_bytes() -> None:
    assert {record.format for _, record in ALL} == set(FORMATS)
