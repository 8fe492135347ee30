"""The route that hands a person everything that is held about them."""

from chalicelib.domain import errors, limits
from chalicelib.domain.step_up import SensitiveAct
from chalicelib.domain.tokens import Scope
from chalicelib.routes.acts import act
from chalicelib.routes.export_shapes import EXPORT, export
from chalicelib.routes.fields import Text
from chalicelib.routes.route import Answer, Call, Route, bearer
from chalicelib.routes.services import Services
from chalicelib.routes.sessions import BEARER_ERRORS

PART = Text(max_chars=6, pattern="[1-9][0-9]*", description="Which part, from 1; 1 if absent.")


def export_account(services: Services, call: Call) -> Answer:
    """Hand out one part of everything; most people's is the only one."""
    exported = services.exports.export(call.caller, int(call.query["part"] or 1), act(call))
    return Answer(body=export(exported, services.controller))


ROUTES: tuple[Route[Services], ...] = (
    Route(
        method="GET",
        path="/account/export",
        handler=export_account,
        operation_id="export_account",
        summary="Everything held about the person, machine-readable",
        description="GDPR art. 15 and 20. Ask for the parts 2 to `parts` too where there are several.",
        tags=("account",),
        answer=EXPORT,
        query={"part": PART},
        access=bearer(Scope.ACCOUNT),
        step_up=SensitiveAct.EXPORT,
        limits=(limits.EXPORTS,),
        errors=(*BEARER_ERRORS, errors.IntegrityFailure),
    ),
)
