"""Hold the fake ledger of erasures and the real one, on a local S3, to the same promises."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final
from uuid import UUID

import pytest
from moto import mock_aws

from chalicelib.clients.aws import aws_client
from chalicelib.clients.erasure_ledger import ErasureLedger
from chalicelib.domain.erasure import Erasure, Position
from chalicelib.domain.errors import DependencyUnavailable, IntegrityFailure
from tests.fakes import InMemoryErasureLedger

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

    from chalicelib.services.erasure_ports import ErasureLedger as Port

REGION: Final = "eu-central-1"
BUCKET = "evidence"
HERE = UUID("00000000-0000-4000-8000-000000000001")
ELSEWHERE = UUID("00000000-0000-4000-8000-000000000002")
START = Position(lineage=HERE, epoch=0)
Ledger = ErasureLedger | InMemoryErasureLedger


def erasure(epoch: int, lineage: UUID = HERE) -> Erasure:
    return Erasure(
        id=UUID(int=epoch, version=4),
        user_id=UUID(int=1000 + epoch, version=4),
        epoch=epoch,
        lineage=lineage,
        secret_hash=bytes(range(32)),
        requested_at=datetime(2026, 1, 2, 3, 4, 5, 678, tzinfo=UTC),
    )


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator["S3Client"]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        client = aws_client("s3", REGION, None)
        client.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
        yield client


@pytest.fixture(params=["fake", "aws"])
def ledger(request: pytest.FixtureRequest) -> Ledger:
    if request.param == "fake":
        return InMemoryErasureLedger()
    return ErasureLedger(request.getfixturevalue("s3"), BUCKET)


def test_the_ledger_fits_what_erasing_needs(ledger: Ledger) -> None:
    port: Port = ledger
    assert port is ledger


def test_an_empty_ledger_is_not_ahead(ledger: Ledger) -> None:
    assert ledger.last(replace(START, epoch=7)) == 7
    assert ledger.after(START) == ()


def test_what_was_recorded_comes_back_as_it_was_in_its_order(ledger: Ledger) -> None:
    erasures = [erasure(epoch) for epoch in (2, 9, 10, 100)]
    for one in reversed(erasures):
        ledger.record(one)
    assert list(ledger.after(START)) == erasures
    assert ledger.last(START) == 100


def test_an_erasure_without_a_secret_comes_back_without_one(ledger: Ledger) -> None:
    one = replace(erasure(1), secret_hash=None)
    ledger.record(one)
    assert ledger.after(START) == (one,)


def test_recording_twice_is_recording_once(ledger: Ledger) -> None:
    ledger.record(erasure(1))
    ledger.record(erasure(1))
    assert ledger.after(START) == (erasure(1),)


def test_a_database_sees_only_what_is_beyond_its_own_number(ledger: Ledger) -> None:
    for epoch in (1, 2, 3):
        ledger.record(erasure(epoch))
    assert ledger.after(replace(START, epoch=2)) == (erasure(3),)
    assert ledger.after(replace(START, epoch=3)) == ()
    assert ledger.last(replace(START, epoch=3)) == 3


def test_a_mark_moves_the_number_and_is_no_erasure(ledger: Ledger) -> None:
    ledger.record(erasure(1))
    ledger.mark(replace(START, epoch=5))
    assert ledger.last(START) == 5
    assert ledger.after(START) == (erasure(1),)
    assert ledger.last(replace(START, epoch=5)) == 5


def test_another_line_of_descent_is_another_ledger(ledger: Ledger) -> None:
    ledger.record(erasure(4, ELSEWHERE))
    ledger.mark(Position(lineage=ELSEWHERE, epoch=9))
    assert (ledger.last(START), ledger.after(START)) == (0, ())


def test_two_databases_that_took_one_number_overwrite_nothing(ledger: Ledger) -> None:
    one, other = erasure(3), replace(erasure(3), id=UUID(int=77, version=4))
    ledger.record(one)
    ledger.record(other)
    assert {found.id for found in ledger.after(START)} == {one.id, other.id}


def test_more_than_one_page_is_read_whole(s3: "S3Client") -> None:
    ledger = ErasureLedger(s3, BUCKET)
    for epoch in range(1, 1003):  # S3 lists a thousand at most
        ledger.mark(replace(START, epoch=epoch))
    ledger.record(erasure(1003))
    assert (ledger.last(START), ledger.after(START)) == (1003, (erasure(1003),))


def test_an_object_that_is_no_entry_is_an_integrity_failure(s3: "S3Client") -> None:
    name = f"erasures/{HERE}/{1:016d}-x.json"
    for body in (b"", b"{}", b"[]", b'{"secret_sha256": 1, "id": "x"}', b"\xff"):
        s3.put_object(Bucket=BUCKET, Key=name, Body=body)
        with pytest.raises(IntegrityFailure):
            ErasureLedger(s3, BUCKET).after(START)
    s3.put_object(Bucket=BUCKET, Key=f"erasures/{HERE}/readme", Body=b"")
    with pytest.raises(IntegrityFailure):
        ErasureLedger(s3, BUCKET).last(START)


def test_a_bucket_that_is_not_there_is_unavailable(s3: "S3Client") -> None:
    ledger = ErasureLedger(s3, "another")
    for call in (lambda: ledger.record(erasure(1)), lambda: ledger.last(START)):
        with pytest.raises(DependencyUnavailable):
            call()
