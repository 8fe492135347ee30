"""Keep the record of erasures where no restored database can undo it: objects in the evidence bucket.

``erasures/LINEAGE/NUMBER-ERASURE.json`` holds ids, a time and a hash; ``NUMBER-mark.json`` only says how far
the database was. Numbers are zero-padded, so that one listing from a database's own number on shows whether
there is anything it can't know.
"""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from chalicelib.clients.aws_calls import STANDARD_RETRIES, AwsCalls, RetryPolicy
from chalicelib.clients.strict_json import JsonRefused, read_object
from chalicelib.domain.erasure import Erasure, Position
from chalicelib.domain.errors import IntegrityFailure
from chalicelib.domain.formats import Format, integer, optional, required

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

ENTRY_VERSION = 1
ENTRY_BYTES_MAX = 4096
MARK = "mark"
_DIGITS = 16


class ErasureLedger:
    """The objects of all lines of descent; each method raises DependencyUnavailable when S3 can't be used."""

    def __init__(self, client: "S3Client", bucket: str, retries: RetryPolicy = STANDARD_RETRIES) -> None:
        """Use one bucket through a client that doesn't retry on its own."""
        self._client = client
        self._bucket = bucket
        self._calls = AwsCalls(service="erasure_ledger", integrity_codes=frozenset(), retries=retries)

    def record(self, erasure: Erasure) -> None:
        """Write an erasure down; a second time writes the same object."""
        name = f"{_prefix(erasure.lineage)}{erasure.epoch:0{_DIGITS}d}-{erasure.id}.json"
        self._put(name, _entry(erasure))

    def mark(self, position: Position) -> None:
        """Write down how far the database is."""
        self._put(f"{_prefix(position.lineage)}{position.epoch:0{_DIGITS}d}-{MARK}.json", {})

    def last(self, position: Position) -> int:
        """Return the highest number written for this line of descent, or the position's own."""
        return max((_number(key) for key in self._keys(position)), default=position.epoch)

    def after(self, position: Position) -> tuple[Erasure, ...]:
        """Return the erasures with higher numbers, in their order.

        Raises IntegrityFailure when an object isn't one that `record` wrote.
        """
        keys = (key for key in self._keys(position) if not key.endswith(f"-{MARK}.json"))
        return tuple(_erasure(self._calls.answer(self._read, key)) for key in keys)

    def _keys(self, position: Position) -> Iterator[str]:
        prefix = _prefix(position.lineage)
        start = f"{prefix}{position.epoch:0{_DIGITS}d}~"  # behind every name with this number
        while True:
            page = self._calls.answer(
                self._client.list_objects_v2, Bucket=self._bucket, Prefix=prefix, StartAfter=start
            )
            keys = [item["Key"] for item in page.get("Contents", ()) if "Key" in item]
            yield from keys
            if not page.get("IsTruncated") or not keys:
                return
            start = keys[-1]

    def _put(self, key: str, content: dict[str, Any]) -> None:
        body = json.dumps(content, separators=(",", ":")).encode()
        self._calls.answer(
            self._client.put_object,
            Bucket=self._bucket,
            Key=key,
            Body=body,
            ContentType="application/json",
        )

    def _read(self, key: str) -> bytes:
        return self._client.get_object(Bucket=self._bucket, Key=key)["Body"].read(ENTRY_BYTES_MAX)


def _prefix(lineage: UUID) -> str:
    return f"erasures/{lineage}/"


def _number(key: str) -> int:
    digits = key.rpartition("/")[2].partition("-")[0]
    if len(digits) != _DIGITS or not digits.isdecimal():
        raise IntegrityFailure
    return int(digits)


def _entry(erasure: Erasure) -> dict[str, Any]:
    return ENTRY.write(
        {
            "version": ENTRY_VERSION,
            "id": str(erasure.id),
            "user_id": str(erasure.user_id),
            "lineage": str(erasure.lineage),
            "epoch": erasure.epoch,
            "requested_at": erasure.requested_at.isoformat(),
            "secret_sha256": erasure.secret_hash.hex() if erasure.secret_hash else None,
        }
    )


def _erasure(body: bytes) -> Erasure:
    try:
        told = ENTRY.read(read_object(body))
    except JsonRefused as error:
        raise IntegrityFailure from error
    return Erasure(
        id=told["id"],
        user_id=told["user_id"],
        lineage=told["lineage"],
        epoch=told["epoch"],
        requested_at=told["requested_at"],
        secret_hash=told["secret_sha256"],
    )


ENTRY = Format(
    "erasure_ledger_entry",
    {
        "version": optional(integer, default=ENTRY_VERSION),
        "id": required(UUID),
        "user_id": required(UUID),
        "lineage": required(UUID),
        "epoch": required(integer),
        "requested_at": required(lambda told: datetime.fromisoformat(told).astimezone(UTC)),
        "secret_sha256": required(lambda told: None if told is None else bytes.fromhex(told)),
    },
)
