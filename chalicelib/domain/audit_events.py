"""An audit event as it is sealed: every column, in one unambiguous spelling that anyone can write again.

The entry of an event in a seal's tree is these texts in UTF-8, each behind its length in 4 bytes, big-endian:
the name of this encoding, then id, microseconds since 1970 (both decimal), kind, user id, session id (both in
lower-case hex with hyphens, nothing where there is none), request id, details. Details are JSON without
spaces, members in the order of their names' code points, only what JSON must escape escaped, numbers with
the digits that PostgreSQL keeps.
"""

import json
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from chalicelib.domain.merkle import leaf_hash
from chalicelib.domain.personal_data import framed

ENCODING = "serenya-auth/v1/audit-event"
UNREADABLE = "unreadable"  # no JSON text: an event with it has the entry of none that was sealed


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEvent:
    """One row. `occurred_us` is microseconds since 1970, None if no time; `details` is canonical JSON."""

    id: int
    occurred_us: int | None
    kind: str
    user_id: str | None
    session_id: str | None
    request_id: str
    details: str

    def leaf(self) -> bytes:
        """Return the hash of this event's entry."""
        texts = (
            ENCODING,
            str(self.id),
            "" if self.occurred_us is None else str(self.occurred_us),
            self.kind,
            self.user_id or "",
            self.session_id or "",
            self.request_id,
            self.details,
        )
        return leaf_hash(framed(*(text.encode() for text in texts)))

    def at(self, event_id: int) -> "AuditEvent":
        """Return the same words under another id."""
        return replace(self, id=event_id)


def canonical_json(text: str) -> str:
    """Return JSON in its one spelling; `UNREADABLE` for what isn't JSON, or nests beyond reason."""
    try:
        return spelled(read_json(text))
    except (ValueError, RecursionError):
        return UNREADABLE


def read_json(text: str) -> Any:  # noqa: ANN401 - JSON of any kind
    """Return JSON with every number as exact as it is written. Raises ValueError, RecursionError."""
    return json.loads(text, parse_float=Decimal)


def spelled(value: object) -> str:
    """Return a value that was read from JSON in its one spelling."""
    if isinstance(value, dict):
        members = (f"{spelled(name)}:{spelled(value[name])}" for name in sorted(value))
        return "{" + ",".join(members) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(spelled, value)) + "]"
    if isinstance(value, Decimal):
        return format(value, "f")
    return json.dumps(value, ensure_ascii=False)
