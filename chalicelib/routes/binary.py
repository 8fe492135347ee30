"""Declare bytes in JSON: read in their one spelling, described in OpenAPI as text."""

from base64 import urlsafe_b64decode
from dataclasses import dataclass
from math import ceil

from chalicelib.routes.fields import JsonSchema, Leaf, Text

# Groups of 4 characters, then 2 or 3 whose last has no bit set beyond the last byte.
CANONICAL = "(?:[A-Za-z0-9_-]{4})*(?:[A-Za-z0-9_-][AQgw]|[A-Za-z0-9_-]{2}[AEIMQUYcgkosw048])?"


@dataclass(frozen=True, slots=True, kw_only=True)
class Base64Url(Leaf):
    """Bytes as base64url without padding, in their one canonical spelling (RFC 4648 s3.5)."""

    max_bytes: int
    description: str | None = None

    def parse(self, value: object) -> bytes:
        """Return the bytes."""
        text = self._text.parse(value)
        return urlsafe_b64decode(text + "=" * (-len(text) % 4))

    def schema(self) -> JsonSchema:
        """Describe it."""
        return self._text.schema()

    @property
    def _text(self) -> Text:
        max_chars = ceil(self.max_bytes * 4 / 3)
        return Text(max_chars=max_chars, pattern=CANONICAL, description=self.description)
