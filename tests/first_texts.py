"""The first version of each consent text: what people of the tests agree to, whatever was published since.

A published text never changes, so that the tests may name its words and its version.
"""

from functools import cache
from typing import Any

from chalicelib.clients.documents import load_documents
from chalicelib.domain.consents import ConsentDocument


@cache
def first_texts() -> tuple[ConsentDocument, ...]:
    """Return the first version of each kind, in every language."""
    texts = sorted(load_documents(), key=lambda text: text.effective_at)
    first = {text.kind: text.version for text in reversed(texts)}
    return tuple(text for text in texts if text.version == first[text.kind])


def shipped(kind: str, locale: str = "en") -> ConsentDocument:
    """Return the first text of a kind."""
    return next(text for text in first_texts() if (text.kind, text.locale) == (kind, locale))


def yes(kind: str, version: str | None = None, **more: object) -> dict[str, Any]:
    """Return the answer that grants, the first version if no other is named."""
    return {"document": kind, "version": version or _first(kind), "granted": True, **more}


def no(kind: str, version: str | None = None, **more: object) -> dict[str, Any]:
    """Return the answer that refuses."""
    return {**yes(kind, version, **more), "granted": False}


def _first(kind: str) -> str:
    """Return the first version of a kind; one that a test makes begins with 1.0."""
    return next((text.version for text in first_texts() if text.kind == kind), "1.0")
