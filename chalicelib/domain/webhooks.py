"""What other backends are told, to whom, and how they know that it was us (https://www.standardwebhooks.com)."""

import base64
import hmac
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from chalicelib.domain.failures import NotPossible
from chalicelib.domain.formats import Format, array, integer, mapping, required, text

SECRET_PREFIX = "whsec_"  # noqa: S105 - what a secret begins with
SECRET_BYTES = 32  # the specification asks for 24 to 64
OVERLAP = timedelta(days=2)  # longer than a message is tried: none arrives under the new secret alone
ENDPOINTS_MAX = 10  # each act writes a row for each of them
ADDRESS_CHARS_MAX = 500
BUS = re.compile(r"arn:aws[a-z-]*:events:[a-z0-9-]+:[0-9]{12}:event-bus/[A-Za-z0-9._/-]{1,256}")
HTTPS_PORTS = frozenset({None, 443})


class EventKind(StrEnum):
    """What is told. Names are permanent: other backends wait for them."""

    ACCOUNT_CREATED = "account.created"
    ACCOUNT_ERASED = "account.erased"
    CONSENT_CHANGED = "consent.changed"
    SESSION_REVOKED = "session.revoked"


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookSecret:
    """A secret of an endpoint, wrapped by KMS; one that was rotated signs on until it expires."""

    version: int
    wrapped: bytes = field(repr=False)
    kms_key_id: str
    expires_at: datetime | None = None

    def signs(self, now: datetime) -> bool:
        """Tell whether messages are signed with it."""
        return self.expires_at is None or self.expires_at > now

    def told(self) -> dict[str, Any]:
        """Return what the function that signs needs; without KMS it is nothing."""
        wrapped = base64.b64encode(self.wrapped).decode()
        return SIGNING.write({"version": self.version, "wrapped": wrapped, "kms_key_id": self.kms_key_id})


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Who is told: an address, or an event bus, which needs no secret."""

    id: UUID
    address: str
    created_at: datetime
    secrets: tuple[WebhookSecret, ...] = ()

    @property
    def is_bus(self) -> bool:
        """Tell whether it is an event bus of EventBridge."""
        return BUS.fullmatch(self.address) is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxRow:
    """One event for one endpoint; `sequence` orders a person's events."""

    id: UUID
    endpoint: Endpoint
    user_id: UUID
    sequence: int
    kind: EventKind
    occurred_at: datetime
    data: dict[str, Any]

    def errand(self, now: datetime) -> dict[str, Any]:
        """Return what is to be sent, where to, and what it is signed with."""
        return JOB.write(
            {
                "id": str(self.id),
                "endpoint_id": str(self.endpoint.id),
                "url": self.endpoint.address,
                "secrets": [secret.told() for secret in self.endpoint.secrets if secret.signs(now)],
                "message": self.message(),
            }
        )

    def message(self) -> dict[str, Any]:
        """Return what is sent; ids alone say whom it is about."""
        return MESSAGE.write(
            {
                "type": self.kind.value,
                "timestamp": self.occurred_at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
                "data": {"user_id": str(self.user_id), "sequence": self.sequence, **self.data},
            }
        )


SIGNING = Format(
    "webhook_job_secret",
    {"version": required(integer), "wrapped": required(base64.b64decode), "kms_key_id": required(text)},
)
MESSAGE = Format(  # what receivers get, whole; EventBridge takes two of its names besides
    "webhook_message",
    {"type": required(text), "timestamp": required(datetime.fromisoformat), "data": required(mapping)},
)
JOB = Format(
    "webhook_job",
    {
        "id": required(text),
        "endpoint_id": required(text),
        "url": required(text),
        "secrets": required(lambda told: [SIGNING.read(each) for each in array(told)]),
        "message": required(mapping),
    },
)


def checked_address(text: str, *, is_local: bool) -> str:
    """Return where events may be sent: an HTTPS address of a name, or an event bus; locally HTTP too.

    Raises NotPossible.
    """
    if BUS.fullmatch(text):
        return text
    url = urlsplit(text)
    is_plain = url.username is None and url.password is None and not url.fragment and text.isascii()
    is_web = (url.scheme == "https" and url.port in HTTPS_PORTS) or (is_local and url.scheme == "http")
    if not (is_plain and is_web and url.hostname) or len(text) > ADDRESS_CHARS_MAX or " " in text:
        raise NotPossible("address is https://host/path on port 443, or the ARN of an event bus")
    return text


def webhook_secret_context(endpoint_id: UUID | str, version: int) -> dict[str, str]:
    """Return the KMS encryption context of an endpoint's secret."""
    return {"purpose": "webhook_secret", "endpoint_id": str(endpoint_id), "version": str(version)}


def shown(secret: bytes) -> str:
    """Return a secret as receivers' libraries take it."""
    return SECRET_PREFIX + base64.b64encode(secret).decode()


def body_of(message: object) -> bytes:
    """Return a message as the bytes that are signed and sent."""
    return json.dumps(message, separators=(",", ":")).encode()


def signature(secrets: Sequence[bytes], message_id: str, moment: datetime, body: bytes) -> str:
    """Return the header that proves a message, one signature for each secret, the newest first."""
    signed = f"{message_id}.{int(moment.timestamp())}.".encode() + body
    digests = (hmac.digest(secret, signed, "sha256") for secret in secrets)
    return " ".join(f"v1,{base64.b64encode(digest).decode()}" for digest in digests)
