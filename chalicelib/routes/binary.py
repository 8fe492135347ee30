"""Declare bytes in JSON: read in their one spelling, described in OpenAPI as text."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from math import ceil

from chalicelib.routes.faults import FaultCode, Refused
from chalicelib.routes.fields import JsonSchema, Leaf, Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Base64Url(Leaf):
    """Bytes as base64url without padding, in their one canonical spelling (RFC 4648 s3.5)."""

    max_bytes: int
    description: str | None = None

    def parse(self, value: object) -> bytes:
        """Return the bytes."""
        text = self._text.parse(value)
        raw = urlsafe_b64decode(text + "=" * (-len(text) % 4)) if len(text) % 4 != 1 else b""
        if urlsafe_b64encode(raw).rstrip(b"=").decode() != text:
            raise Refused(FaultCode.pattern)
        return raw

    def schema(self) -> JsonSchema:
        """Describe it."""
        return self._text.schema()

    @property
    def _text(self) -> Text:
        max_chars = ceil(self.max_bytes * 4 / 3)
        return Text(max_chars=max_chars, pattern="[A-Za-z0-9_-]+", description=self.description)
