"""Delete what AWS kept of a stage that was destroyed, once it lets it go; until then say when that is."""

from collections.abc import Iterator
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any

from tools.release.cloud import Cloud
from tools.release.record import Leftovers
from tools.release.shelf import Shelf


def collect(cloud: Cloud, shelf: Shelf) -> Leftovers:
    """Delete what may go by now, print the rest with its day, and return it."""
    before = shelf.leftovers()
    buckets = {name: _emptied(cloud, name) for name in before.buckets}
    keys = {arn: cloud.key_deleted_on(arn) for arn in before.keys}
    left = Leftovers(
        buckets=tuple(name for name, until in buckets.items() if until),
        keys=tuple(arn for arn, until in keys.items() if until),
    )
    shelf.write_leftovers(left)
    for name in left.buckets:
        print(f"   evidence in {name} is locked until {_day(buckets[name])}: run this again then", flush=True)
    for arn in left.keys:
        print(f"   {arn} is deleted by AWS on {_day(keys[arn])}", flush=True)
    return left


def _day(until: datetime | None) -> str:
    return f"{until:%Y-%m-%d %H:%M} UTC"


def _emptied(cloud: Cloud, bucket: str) -> datetime | None:
    """Delete a bucket and what it holds; return when the last lock ends, if locks keep it."""
    s3 = cloud.client("s3")
    until: datetime | None = None
    try:
        for version in _versions(s3, bucket):
            ends = _locked_until(s3, bucket, version)
            if ends is None:
                s3.delete_object(Bucket=bucket, **version)
            else:
                until = max(until or ends, ends)
        if until is None:
            s3.delete_bucket(Bucket=bucket)
            print(f"   {bucket} is deleted", flush=True)
    except s3.exceptions.NoSuchBucket:
        return None
    return until


def _versions(s3: Any, bucket: str) -> Iterator[dict[str, str]]:  # noqa: ANN401 - as Cloud.client
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
        for one in (*page.get("Versions", []), *page.get("DeleteMarkers", [])):
            yield {"Key": one["Key"], "VersionId": one["VersionId"]}


def _locked_until(s3: Any, bucket: str, version: dict[str, str]) -> datetime | None:  # noqa: ANN401 - as Cloud.client
    """Return when a version's lock ends; nothing if it has none any more."""
    try:
        told = s3.head_object(Bucket=bucket, **version)
    except s3.exceptions.ClientError:  # a delete marker has no head, and no lock
        return None
    until: datetime | None = told.get("ObjectLockRetainUntilDate")
    now = parsedate_to_datetime(
        told["ResponseMetadata"]["HTTPHeaders"]["date"]
    )  # S3's clock, not this machine's
    return until if until is not None and until > now else None
