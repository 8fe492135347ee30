"""Functions that are imported when they are invoked: what answers HTTP needs nothing of the others."""

from collections.abc import Callable
from importlib import import_module
from typing import Any


def deferred(module: str, name: str) -> Callable[..., Any]:
    """Return what imports `functions/<module>.py` when it is called, and calls its function of this name."""

    def handler(*given: object) -> object:
        return getattr(import_module(f"{__package__}.{module}"), name)(*given)

    handler.__name__ = name  # Chalice deploys `app.<name>`
    return handler
