"""One release at a time: a lease in S3, taken and renewed by conditional writes.

A release that dies leaves a lease that ends by itself. One that only slept finds, at its next step, that
somebody took over, and stops: each step begins with `renew`. Times are S3's own: no machine's clock counts.
"""

import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, Final, Self

from botocore.exceptions import ClientError

from tools.release.fault import ReleaseFault

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

LEASE: Final = timedelta(
    minutes=75
)  # longer than the longest step: a new database takes Terraform half an hour
REFUSED: Final = {"PreconditionFailed", "ConditionalRequestConflict", "412", "409"}


@dataclass(kw_only=True)
class Lock:
    """The right to release one stage; a context manager."""

    s3: "S3Client"
    bucket: str
    stage: str
    holder: str  # who, for the one who has to wait
    token: str  # of this release alone
    _etag: str = field(default="", init=False)

    def __enter__(self) -> Self:
        self.take()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_written(timedelta(), IfMatch=self._etag)
        self._etag = ""

    @property
    def is_held(self) -> bool:
        """Tell whether the lease was begun."""
        return bool(self._etag)

    def take(self) -> None:
        """Begin the lease. Raises: ReleaseFault if somebody else has one."""
        if self._is_written(IfNoneMatch="*"):
            return
        found = self.s3.get_object(Bucket=self.bucket, Key=self._key)
        told, now = json.loads(found["Body"].read()), _now(found)
        if datetime.fromisoformat(told["until"]) > now:
            raise ReleaseFault(
                f"{told['holder']} is releasing {self.stage}; should that have died, its lease ends"
                f" {told['until']}"
            )
        if not self._is_written(IfMatch=found["ETag"]):
            raise ReleaseFault(f"Somebody else has just begun to release {self.stage}")

    def renew(self) -> None:
        """Go on with the lease. Raises: ReleaseFault if somebody took over."""
        if not self._is_written(IfMatch=self._etag):
            raise ReleaseFault(
                f"This release was away for so long that another one of {self.stage} took over"
            )

    @property
    def _key(self) -> str:
        return f"serenya-auth/releases/{self.stage}/lock"

    def _is_written(self, lease: timedelta = LEASE, **condition: str) -> bool:
        try:
            self._write(lease, **condition)
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") in REFUSED:
                return self._is_ours()
            raise
        return True

    def _is_ours(self) -> bool:
        """Tell whether this release wrote the lease: sent again after a lost answer, its write is refused."""
        try:
            found = self.s3.get_object(Bucket=self.bucket, Key=self._key)
        except self.s3.exceptions.NoSuchKey:
            return False
        is_ours = bool(json.loads(found["Body"].read())["token"] == self.token)
        if is_ours:
            self._etag = found["ETag"]
        return is_ours

    def _write(self, lease: timedelta, **condition: Any) -> None:  # noqa: ANN401 - of S3's arguments
        now = _now(self.s3.head_bucket(Bucket=self.bucket))
        body = {"holder": self.holder, "token": self.token, "until": (now + lease).isoformat()}
        written = self.s3.put_object(
            Bucket=self.bucket, Key=self._key, Body=json.dumps(body).encode(), **condition
        )
        self._etag = written["ETag"]


def _now(answer: Any) -> datetime:  # noqa: ANN401 - any answer of S3
    return parsedate_to_datetime(answer["ResponseMetadata"]["HTTPHeaders"]["date"])
