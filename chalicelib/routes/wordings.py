"""Word bad requests as the RFC of a route wants them told, where that isn't RFC 9457."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from chalicelib.domain.errors import EventError, SecurityEventRefused, ServiceError
from chalicelib.routes.fields import Choice, Text
from chalicelib.routes.schema import Record, required

_TEXT = Text(max_chars=256)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """The shape of a 400, and how an error becomes one."""

    record: Record
    tell: Callable[[ServiceError], Mapping[str, str]]


def _security_event_error(error: ServiceError) -> Mapping[str, str]:
    told = error.faults if isinstance(error, SecurityEventRefused) else ()
    err = told[0].code if told else EventError.INVALID_REQUEST.value
    return {"err": err, "description": error.title}


def _oauth_error(error: ServiceError) -> Mapping[str, str]:
    faults = "; ".join(f"{fault.pointer} {fault.code}" for fault in error.faults)
    told = f"{error.title}: {faults}" if faults else error.title
    return {"error": "invalid_request", "error_description": told[: _TEXT.max_chars]}


OAUTH_WORDING = Wording(
    record=Record(
        "OAuthError",
        {"error": required(_TEXT), "error_description": required(_TEXT)},
        description="RFC 6749 s5.2.",
        open=True,
    ),
    tell=_oauth_error,
)
SECURITY_EVENT_WORDING = Wording(
    record=Record(
        "SecurityEventError",
        {"err": required(Choice(EventError)), "description": required(_TEXT)},
        description="RFC 8935 s2.4.",
        open=True,
    ),
    tell=_security_event_error,
)
