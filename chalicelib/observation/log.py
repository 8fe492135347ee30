"""Log events as JSON lines in which nothing personal can be.

A line holds only fields that are listed here, each of a shape that fits its use and little else. What a
library says is dropped but for where it said it, since it may quote what it choked on.
"""

import json
import logging
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import PurePath
from types import MappingProxyType, TracebackType
from typing import TYPE_CHECKING

from chalicelib.observation.metrics import with_metrics
from chalicelib.observation.tally import COUNTED

if TYPE_CHECKING:
    from _typeshed import SupportsWrite

logger = logging.getLogger("serenya-auth")

_WORDS = re.compile(r"[a-z][a-z0-9_.]{0,63}")
_TYPE_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.]{0,127}")
_SHAPES: Mapping[str, re.Pattern[str]] = MappingProxyType(
    {
        "route": re.compile(r"/[A-Za-z0-9/_.{}-]{0,127}"),
        "method": re.compile(r"[A-Z]{1,10}"),
        "code": _WORDS,
        "request_id": re.compile(r"[A-Za-z0-9_.=-]{1,128}"),
        "user_id": re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"),
        "provider": re.compile(r"[a-z][a-z0-9_]{0,31}"),
        "notice": re.compile(r"[a-z][a-z-]{0,63}"),
        "settings": re.compile(r"[A-Z_]{1,40}(,[A-Z_]{1,40}){0,31}"),
        "error": _TYPE_NAME,
        "cause": _TYPE_NAME,
        "at": re.compile(r"[A-Za-z0-9_.-]{1,100}:[0-9]{1,6}"),
    }
)
_NUMBERS = frozenset({"status", "duration_ms", "cold"}) | COUNTED


class JsonLines(logging.Formatter):
    """Write a record as one JSON object of listed fields, with the metrics that are in it."""

    def __init__(self, stage: str = "unknown") -> None:
        """Name the stage that its metrics are of."""
        super().__init__()
        self._stage = stage

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
        }
        fields = getattr(record, "fields", None)
        if isinstance(fields, dict) and isinstance(record.msg, str) and _WORDS.fullmatch(record.msg):
            line |= {
                "event": record.msg,
                **{name: value for name, value in fields.items() if _may_pass(name, value)},
            }
        else:
            line |= {"event": "library", "logger": record.name, "at": f"{record.filename}:{record.lineno}"}
        if record.exc_info and record.exc_info[1] is not None:
            line |= describe(record.exc_info[1])
        return json.dumps(with_metrics(line, self._stage, int(record.created * 1000)))


def install(stream: "SupportsWrite[str]", stage: str = "unknown") -> None:
    """Make every logger of the process write to one stream in this format, and no other way."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonLines(stage))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logger.setLevel(logging.INFO)


def event(name: str, level: int = logging.INFO, **fields: object) -> None:
    """Log an event; a field that isn't listed, or has another shape, doesn't get in."""
    if logger.isEnabledFor(level):
        record = logging.LogRecord(logger.name, level, "", 0, name, (), None)  # nobody asks from which line
        record.fields = {key: value for key, value in fields.items() if value is not None}
        logger.handle(record)


def warn(name: str, **fields: object) -> None:
    """Log an event that an operator should be able to find."""
    event(name, logging.WARNING, **fields)


def describe(error: BaseException) -> dict[str, str]:
    """Return what may be said of an exception: its type, its cause's type, and where it was raised."""
    described = {"error": type(error).__name__}
    if error.__cause__ is not None:
        described["cause"] = type(error.__cause__).__name__
    place = _innermost(error.__traceback__)
    return described if place is None else {**described, "at": place}


def _innermost(trace: TracebackType | None) -> str | None:
    if trace is None:
        return None
    while trace.tb_next is not None:
        trace = trace.tb_next
    return f"{PurePath(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}"


def _may_pass(name: str, value: object) -> bool:
    if name in _NUMBERS:
        return isinstance(value, int | float)
    shape = _SHAPES.get(name)
    return shape is not None and isinstance(value, str) and shape.fullmatch(value) is not None
