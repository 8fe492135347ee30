"""Routes of a person's own account."""

from chalicelib.domain import errors
from chalicelib.domain.tokens import Scope
from chalicelib.routes.acts import act
from chalicelib.routes.route import Answer, Call, Route, bearer
from chalicelib.routes.services import Services
from chalicelib.routes.sessions import BEARER_ERRORS
from chalicelib.routes.shapes import USER, user


def read_account(services: Services, call: Call) -> Answer:
    """Show the profile."""
    return Answer(body=user(services.account.read(call.caller, act(call))))


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
)
