"""Routes of a person's own account."""

from functools import cache
from zoneinfo import available_timezones

from chalicelib.domain import errors
from chalicelib.domain.tokens import Scope
from chalicelib.routes.acts import act
from chalicelib.routes.faults import FaultCode, Refused
from chalicelib.routes.fields import JsonSchema, Leaf, Text
from chalicelib.routes.route import Answer, Call, Route, bearer
from chalicelib.routes.schema import Record, nullable, optional
from chalicelib.routes.services import Services
from chalicelib.routes.sessions import BEARER_ERRORS
from chalicelib.routes.shapes import (
    DISPLAY_NAME_CHARS_MAX,
    LANGUAGE_CHARS_MAX,
    TIME_ZONE_CHARS_MAX,
    USER,
    user,
)

_SHOWN = r"[^\s\x00-\x1f\x7f-\x9f]"  # no control character, and neither end is blank
_WITHIN = r"[^\x00-\x1f\x7f-\x9f]*"
_NAME = Text(max_chars=TIME_ZONE_CHARS_MAX, pattern=r"[A-Z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+){0,2}")
_NO_PLACES = {"Factory"}  # the database's word for "nobody has set this yet"


@cache
def time_zones() -> frozenset[str]:
    """Return the names of the IANA database on this machine; reading them takes some 50 ms, once."""
    return frozenset(available_timezones()) - _NO_PLACES


class TimeZone(Leaf):
    """A name of the IANA time zone database."""

    __slots__ = ()

    def parse(self, value: object) -> str:
        """Return the name."""
        name = _NAME.parse(value)
        if name not in time_zones():
            raise Refused(FaultCode.not_allowed)
        return name

    def schema(self) -> JsonSchema:
        """Describe its form; the names change with the world."""
        return {**_NAME.schema(), "description": "An IANA name, like Europe/Madrid; null clears it."}


DISPLAY_NAME = Text(
    max_chars=DISPLAY_NAME_CHARS_MAX,
    pattern=f"{_SHOWN}(?:{_WITHIN}{_SHOWN})?",
    description="How the app calls the person; null clears it.",
)
LANGUAGE = Text(
    max_chars=LANGUAGE_CHARS_MAX,
    pattern="[a-z]{2,3}(-[A-Z][a-z]{3})?(-([A-Z]{2}|[0-9]{3}))?",
    description="BCP 47: language, script, region, in their usual case (es-419, zh-Hant-TW); null clears it.",
)
ACCOUNT_CHANGE = Record(
    "AccountChange",
    {
        "display_name": optional(nullable(DISPLAY_NAME)),
        "language": optional(nullable(LANGUAGE)),
        "time_zone": optional(nullable(TimeZone())),
    },
    partial=True,
    description="What to change; what is absent stays as it is.",
)


def read_account(services: Services, call: Call) -> Answer:
    """Show the profile."""
    return Answer(body=user(services.account.read(call.caller)))


def change_account(services: Services, call: Call) -> Answer:
    """Change what the person chose, and show the profile."""
    return Answer(body=user(services.account.change(call.caller, call.body, act(call))))


ROUTES: tuple[Route[Services], ...] = (
    Route(
        method="GET",
        path="/account",
        handler=read_account,
        operation_id="read_account",
        summary="Read the person's profile",
        tags=("account",),
        answer=USER,
        access=bearer(Scope.ACCOUNT),
        uses_proof=True,
        errors=(*BEARER_ERRORS, errors.IntegrityFailure),
    ),
    Route(
        method="PATCH",
        path="/account",
        handler=change_account,
        operation_id="change_account",
        summary="Change what the person chose: display name, language, time zone",
        tags=("account",),
        answer=USER,
        body=ACCOUNT_CHANGE,
        access=bearer(Scope.ACCOUNT),
        uses_proof=True,
        errors=(*BEARER_ERRORS, errors.IntegrityFailure),
    ),
)
