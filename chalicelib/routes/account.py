"""Routes of a person's own account."""

from chalicelib.domain import errors
from chalicelib.domain.decoration import DISPLAY_NAME, LANGUAGE, TIME_ZONE
from chalicelib.domain.tokens import Scope
from chalicelib.routes.acts import act
from chalicelib.routes.route import Answer, Call, Route, bearer
from chalicelib.routes.schema import Record, decoration
from chalicelib.routes.services import Services
from chalicelib.routes.sessions import BEARER_ERRORS
from chalicelib.routes.shapes import USER, user

ACCOUNT_CHANGE = Record(
    "AccountChange",
    {
        "display_name": decoration(DISPLAY_NAME, "How the app calls the person; null clears it."),
        "language": decoration(
            LANGUAGE, "A tag of BCP 47, of which language, script and region are kept; null clears it."
        ),
        "time_zone": decoration(TIME_ZONE, "An IANA name, or an offset like GMT+05:30; null clears it."),
    },
    partial=True,
    description="What to change; what is absent, empty or ignored stays as it is.",
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
        errors=(*BEARER_ERRORS, errors.IntegrityFailure),
    ),
)
