"""One release at a time, and nothing but what was kept is deployed again."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from local.aws import REGION, LocalAws, local_session
from tests.conftest import RUN
from tools.release import lock as locking
from tools.release.fault import ReleaseFault
from tools.release.lock import Lock
from tools.release.record import Ledger, Release
from tools.release.shelf import Shelf, sha256

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

BUCKET = "states"


@pytest.fixture(scope="module")
def s3() -> Iterator["S3Client"]:
    """A bucket like that of the states."""
    with LocalAws(RUN / "aws-release") as aws:
        client = local_session().client("s3", endpoint_url=aws.endpoint_url)
        client.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
        yield client


@pytest.fixture
def shelf(s3: "S3Client", tmp_path: Path) -> Shelf:
    return Shelf(s3=s3, bucket=BUCKET, stage=tmp_path.name)


@pytest.fixture
def package(tmp_path: Path) -> Path:
    made = tmp_path / "made.zip"
    made.write_bytes(b"all that runs")
    return made


def release_of(package: Path) -> Release:
    return Release(
        stage="dev",
        package_sha256=sha256(package),
        commit="abc",
        revision="0013",
        config={"stages": {}},
        policies={"policies/dev/api.json": "{}"},
    )


def lock(s3: "S3Client", stage: str, holder: str) -> Lock:
    return Lock(s3=s3, bucket=BUCKET, stage=stage, holder=holder, token=holder)


def test_a_second_release_is_refused_and_told_whose_the_first_is(s3: "S3Client") -> None:
    with lock(s3, "second", "Ana at laptop") as first:
        first.renew()
        with pytest.raises(ReleaseFault, match="Ana at laptop is releasing"), lock(s3, "second", "Ben"):
            pass
        first.renew()
    with lock(s3, "second", "Ben") as second:
        second.renew()


def test_stages_are_released_apart(s3: "S3Client") -> None:
    with lock(s3, "one", "Ana"), lock(s3, "other", "Ben") as other:
        assert other.is_held


def test_a_release_that_died_locks_nobody_out_and_if_it_only_slept_it_stops(
    s3: "S3Client", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(locking, "LEASE", timedelta(seconds=-1))
    asleep = lock(s3, "died", "Ana")
    asleep._write(timedelta(seconds=-1), IfNoneMatch="*")
    with lock(s3, "died", "Ben") as second:
        with pytest.raises(ReleaseFault, match="took over"):
            asleep.renew()
        second.renew()


def test_a_write_whose_answer_was_lost_is_taken_for_what_it_was(s3: "S3Client") -> None:
    with lock(s3, "lost", "Ana") as first:
        arrived = first._etag
        first.renew()  # S3 has this one; botocore never heard, and sends it again with the old condition
        first._etag = arrived
        first.renew()
        with pytest.raises(ReleaseFault, match="Ana is releasing"), lock(s3, "lost", "Ben"):
            pass
        first.renew()


def test_what_was_kept_comes_back_as_it_was(shelf: Shelf, package: Path, tmp_path: Path) -> None:
    release = release_of(package)
    for _ in range(2):
        shelf.keep(release, package)
    assert shelf.release(release.id) == release
    assert shelf.package(release, tmp_path).read_bytes() == package.read_bytes()


def test_a_package_or_a_record_that_was_changed_is_not_deployed(
    shelf: Shelf, package: Path, tmp_path: Path
) -> None:
    release = release_of(package)
    shelf.keep(release, package)
    shelf.s3.put_object(Bucket=BUCKET, Key=shelf._package(release.package_sha256), Body=b"something else")
    with pytest.raises(ReleaseFault, match="changed after it was kept"):
        shelf.package(release, tmp_path)
    shelf._put(f"{release.id}.json", replace(release, revision="0014").to_json())
    with pytest.raises(ReleaseFault, match="changed after it was kept"):
        shelf.release(release.id)


def test_the_ledger_is_empty_at_first_and_then_what_was_written(shelf: Shelf) -> None:
    assert shelf.ledger() == Ledger()
    written = Ledger(done=("a", "b"), is_prepared=True, deployed={"resources": []})
    shelf.write(written)
    assert shelf.ledger() == written


def test_a_release_that_is_no_longer_kept_is_named(shelf: Shelf) -> None:
    with pytest.raises(ReleaseFault, match="no longer kept"):
        shelf.release("0" * 64)


def test_what_is_older_than_can_be_gone_back_to_is_deleted_and_what_is_shared_stays(
    shelf: Shelf, package: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other.zip"
    other.write_bytes(b"what ran before")
    old, first = release_of(other), release_of(package)
    last = replace(first, commit="def")
    for release, zipped in ((old, other), (first, package), (last, package)):
        shelf.keep(release, zipped)
    shelf.write(Ledger(done=(last.id,)))
    shelf.keep_only([last.id])
    assert shelf.ledger().done == (last.id,)
    assert shelf.package(shelf.release(last.id), tmp_path).read_bytes() == package.read_bytes()
    for gone in (old, first):
        with pytest.raises(ReleaseFault, match="no longer kept"):
            shelf.release(gone.id)
    assert shelf.s3.list_objects_v2(Bucket=BUCKET, Prefix=shelf._key("packages/"))["KeyCount"] == 1


def test_nothing_is_deleted_while_a_kept_release_is_not_what_was_kept(shelf: Shelf, package: Path) -> None:
    release = release_of(package)
    shelf.keep(release, package)
    with pytest.raises(ReleaseFault, match="no longer kept"):
        shelf.keep_only(["0" * 64])
    assert shelf.release(release.id) == release
