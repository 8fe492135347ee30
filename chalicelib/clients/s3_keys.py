"""Hand a provider's keys through S3 to the functions inside the VPC, which has no way out.

The schedule publishes what it fetched and found fit; the reader trusts it no more than it would trust the
provider, and checks all of it again. The object is one JSON envelope::

    {"version": 1, "fetched_at": "<RFC 3339>", "fresh_until": "<RFC 3339>", "keys": [<JWK>, ...]}
"""

import json
from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from chalicelib.clients.aws_calls import ATTEMPT_SECONDS
from chalicelib.clients.bounded_call import TimeIsUp, answer_within
from chalicelib.clients.provider_key_cache import CachedProviderKeys
from chalicelib.clients.provider_keys import (
    KEY_SET_BYTES_MAX,
    KeySetRefused,
    KeySetUnreachable,
    ProviderKeySet,
    keys_of,
)
from chalicelib.clients.strict_json import read_object
from chalicelib.domain.formats import Format, array, integer, required
from chalicelib.domain.keys import SigningAlgorithm

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

ENVELOPE_VERSION = 1
ENVELOPE_BYTES_MAX = KEY_SET_BYTES_MAX + 1_024
RECHECK = timedelta(minutes=5)  # how much later than the schedule a container may notice a new set


class S3KeySource(CachedProviderKeys):
    """The set that the schedule published last; kept by the rules of `provider_key_cache`."""

    def __init__(
        self, *, s3: "S3Client", bucket: str, key: str, algorithms: Collection[SigningAlgorithm]
    ) -> None:
        """Read nothing yet."""
        super().__init__(load=self.read, recheck=RECHECK)
        self._s3 = s3
        self._bucket = bucket
        self._key = key
        self._algorithms = algorithms

    def read(self, _now: datetime) -> ProviderKeySet:
        """Return the published set; nothing is kept.

        Raises:
            KeySetUnreachable: S3 doesn't answer, or has no such object.
            KeySetRefused: the object isn't a key set we would trust (F-15).
        """
        try:
            body = answer_within(ATTEMPT_SECONDS, self._body)
        except (BotoCoreError, ClientError, ResponseParserError, TimeIsUp) as error:
            raise KeySetUnreachable(type(error).__name__) from error
        return open_envelope(body, self._algorithms)

    def _body(self) -> bytes:
        answer = self._s3.get_object(Bucket=self._bucket, Key=self._key)
        return answer["Body"].read(ENVELOPE_BYTES_MAX + 1)


def publish(*, s3: "S3Client", bucket: str, key: str, key_set: ProviderKeySet) -> None:
    """Write a fetched set where `S3KeySource` reads it; the object is replaced as a whole."""
    s3.put_object(Bucket=bucket, Key=key, Body=seal_envelope(key_set), ContentType="application/json")


def seal_envelope(key_set: ProviderKeySet) -> bytes:
    """Return the object's body: of each key what was checked, nothing else that came with it."""
    envelope = ENVELOPE.write(
        {
            "version": ENVELOPE_VERSION,
            "fetched_at": key_set.fetched_at.isoformat(),
            "fresh_until": key_set.fresh_until.isoformat(),
            "keys": [dict(key.jwk) for key in key_set.keys.values()],
        }
    )
    return json.dumps(envelope, separators=(",", ":")).encode()


def open_envelope(body: bytes, algorithms: Collection[SigningAlgorithm]) -> ProviderKeySet:
    """Return the set in an object's body.

    Raises:
        KeySetRefused: too large, not the envelope, or with a key that isn't fit.
    """
    if len(body) > ENVELOPE_BYTES_MAX:
        raise KeySetRefused("too large")
    try:
        return _read_envelope(read_object(body), algorithms)
    except (ValueError, OverflowError) as error:  # OverflowError: a time zone at the edge of the calendar
        raise KeySetRefused(str(error)) from error


def _read_envelope(envelope: dict[str, object], algorithms: Collection[SigningAlgorithm]) -> ProviderKeySet:
    told = ENVELOPE.read(envelope)
    if told["version"] != ENVELOPE_VERSION:
        raise ValueError("version")
    return ProviderKeySet(
        keys=keys_of(told["keys"], algorithms),
        fetched_at=told["fetched_at"],
        fresh_until=told["fresh_until"],
    )


def _instant(text: object) -> datetime:
    moment = datetime.fromisoformat(text) if isinstance(text, str) else None
    if moment is None or moment.tzinfo is None:
        raise ValueError("time")
    return moment.astimezone(UTC)


ENVELOPE = Format(
    "provider_keys",
    {
        "version": required(integer),
        "fetched_at": required(_instant),
        "fresh_until": required(_instant),
        "keys": required(array),
    },
    fault=ValueError,
)
