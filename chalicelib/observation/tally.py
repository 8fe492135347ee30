"""Count what one request costs, where it is spent; its log line tells the sum."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

STATEMENTS: Final = "statements"  # messages to PostgreSQL
KMS_CALLS: Final = "kms_calls"
KEY_VAULT_CALLS: Final = "key_vault_calls"
COUNTED: Final = frozenset({STATEMENTS, KMS_CALLS, KEY_VAULT_CALLS})

_spent: ContextVar[Counter[str] | None] = ContextVar("spent", default=None)


@contextmanager
def counting() -> Iterator[Counter[str]]:
    """Count in this thread while the context lasts; what others do in the background isn't the request's."""
    counts: Counter[str] = Counter()
    token = _spent.set(counts)
    try:
        yield counts
    finally:
        _spent.reset(token)


def count(name: str) -> None:
    """Add one, if somebody counts."""
    counts = _spent.get()
    if counts is not None:
        counts[name] += 1
