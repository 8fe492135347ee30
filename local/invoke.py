"""Call a function of the app that is not HTTP on the running stack, as `chalice invoke` does in the cloud."""

import importlib
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from chalicelib.domain.failures import NotPossible, ServiceError
from chalicelib.functions.invocation import InvalidEvent
from chalicelib.observation import log
from local.command_line import typed
from local.places import LOCAL, PROJECT, StackError, write_private

SETTINGS: Final = LOCAL / "run-settings.json"
SCHEDULED: Final = {  # what EventBridge sends; a function with a schedule is invoked with this, by hand too
    "version": "0",
    "account": "123456789012",
    "region": "eu-west-1",
    "detail": {},
    "detail-type": "Scheduled Event",
    "source": "aws.events",
    "time": "2026-01-02T03:04:05Z",
    "id": "event",
    "resources": [],
}


@contextmanager
def published(settings: Mapping[str, str]) -> Iterator[None]:
    """Let other shells of this user call functions with these settings while the context lasts."""
    write_private(SETTINGS, json.dumps(dict(settings)))
    try:
        yield
    finally:
        SETTINGS.unlink(missing_ok=True)


def enter(settings: Mapping[str, str]) -> None:
    """Make the settings this process's environment, and drop every AWS setting that isn't among them."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    os.environ.update(settings)
    os.chdir(PROJECT)


def invoke(function: str, event: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a function of app.py returns for an event.

    Raises: StackError that says in words why it was refused, or what broke.
    """
    if not SETTINGS.exists():
        raise StackError("Nothing is running. Start it with: make run")
    enter(json.loads(SETTINGS.read_text()))
    app = importlib.import_module("app")  # after the settings, and only for this command
    try:
        answer: dict[str, Any] = getattr(app, function)(dict(event), None)
    except Exception as error:
        raise StackError(in_words(function, error)) from error
    return answer


def in_words(function: str, error: Exception) -> str:
    """Return why a function failed, with fields named as they were typed; never a library's own text."""
    match error:
        case InvalidEvent():
            return f"Refused: {typed(error.field)} {error.requirement}."
        case NotPossible():
            return f"Refused: {error}."
        case ServiceError():
            return f"Refused: {error.title} ({error.code})."
        case _:
            return broken(function, error)


def broken(function: str, error: Exception) -> str:
    """Return what may be said of a failure that nobody expected."""
    what = log.describe(error)
    place = f" at {what['at']}" if "at" in what else ""
    return f"{function} failed: {what['error']}{place}. Is the stack that `make run` started still there?"


def coverage_table(answer: Mapping[str, Any]) -> str:
    """Return the consent coverage as a table for people."""
    lines = [f"{'document':<28} {'version':<9} {'answer':<10} {'people':>9}"]
    lines += [
        f"{row['document']:<28} {row['version'] or '-':<9} {row['action'] or 'none':<10} {row['people']:>9}"
        for row in answer["standings"]
    ]
    totals = ("people", "narrowed", "would_be_narrowed")
    return "\n".join([*lines, "", *(f"{name.replace('_', ' '):<20} {answer[name]:>9}" for name in totals)])
