"""Keep a copy of each seal in S3, where Object Lock lets nobody change or delete it for 7 years.

One object a seal, `audit/seals/<number>.json`, its number in 12 digits so that S3 lists them in order. It is
put on the condition that it doesn't exist; one that does must be the same.
"""

import json
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from chalicelib.clients.aws_calls import AwsCalls
from chalicelib.clients.base64url import decode_base64url, encode_base64url
from chalicelib.domain.audit_seals import SealRecord
from chalicelib.domain.errors import IntegrityFailure
from chalicelib.domain.formats import Format, integer, optional, required, text

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

PREFIX = "audit/seals/"
DIGITS = 12
VERSION = 1
ABSENT = frozenset({"NoSuchKey", "404"})
EXISTS = frozenset({"PreconditionFailed", "ConditionalRequestConflict"})
CALLS = AwsCalls(service="audit_anchor", integrity_codes=frozenset(EXISTS | ABSENT))


class SealAnchors:
    """The seals in the evidence bucket."""

    def __init__(self, s3: "S3Client", bucket: str) -> None:
        """Take the bucket; infrastructure sets its Object Lock."""
        self._s3 = s3
        self._bucket = bucket

    def put(self, record: SealRecord) -> None:
        """Anchor a seal; doing it twice does nothing more.

        Raises:
            IntegrityFailure: another seal is anchored under this number.
            DependencyUnavailable: S3 doesn't answer.
        """
        leaves = encode_base64url(record.leaves).decode()
        body = COPY.write({"version": VERSION, "seal": record.seal, "leaves": leaves})
        try:
            CALLS.answer(
                self._s3.put_object,
                Bucket=self._bucket,
                Key=key_of(record.number),
                Body=json.dumps(body).encode(),
                ContentType="application/json",
                IfNoneMatch="*",
            )
        except IntegrityFailure:  # somebody was here, perhaps ourselves
            known = self.get(record.number)
            if known is None or known.seal != record.seal:
                raise

    def get(self, number: int) -> SealRecord | None:
        """Return an anchored seal, None where there is none. Raises as `put` when it can't be read as one."""
        try:
            answer = CALLS.answer(self._s3.get_object, Bucket=self._bucket, Key=key_of(number))
            body = answer["Body"].read()
        except IntegrityFailure as error:
            if isinstance(error.__cause__, ClientError):
                return None
            raise
        told = COPY.read_json(body)
        return SealRecord(number=number, seal=told["seal"], leaves=told["leaves"])

    def numbers_after(self, number: int) -> tuple[int, ...]:
        """Return the numbers of the anchored seals above this one, in order."""
        found: list[int] = []
        after = key_of(number)
        while True:
            page = CALLS.answer(
                self._s3.list_objects_v2, Bucket=self._bucket, Prefix=PREFIX, StartAfter=after
            )
            keys = [entry["Key"] for entry in page.get("Contents", [])]
            found += [int(name) for name in map(_number_in, keys) if name.isdecimal()]
            if not page.get("IsTruncated"):
                return tuple(found)
            after = keys[-1]


COPY = Format(
    "audit_seal_copy",
    {
        "version": optional(integer, default=VERSION),
        "seal": required(text),
        "leaves": required(lambda told: decode_base64url(told.encode())),
    },
)


def key_of(number: int) -> str:
    """Return where a seal is anchored."""
    return f"{PREFIX}{number:0{DIGITS}d}.json"


def _number_in(key: str) -> str:
    return key.removeprefix(PREFIX).removesuffix(".json")
