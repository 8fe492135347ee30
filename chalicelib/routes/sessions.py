"""Routes that show a person where they are signed in, and end what they don't want."""

from chalicelib.domain import errors
from chalicelib.domain.tokens import Scope
from chalicelib.routes.acts import act
from chalicelib.routes.route import Answer, Call, Route, bearer
from chalicelib.routes.schema import Items, Record, required
from chalicelib.routes.services import Services
from chalicelib.routes.shapes import LISTED_SESSION, session

SESSIONS_MAX = 1000
SESSIONS = Record(
    "Sessions", {"sessions": required(Items(of=LISTED_SESSION, max_items=SESSIONS_MAX))}, open=True
)
BEARER_ERRORS = (errors.SessionRevoked, errors.AccountSuspended, errors.DependencyUnavailable)


def list_sessions(services: Services, call: Call) -> Answer:
    """List the person's live sessions, the last used first."""
    listed = [
        {
            **session(item.session, item.device),
            "is_new_device": item.session.is_of_new_device,
            "last_used_at": item.session.rotated_at,
            "current": item.current,
            "bound": item.session.jkt is not None,
        }
        for item in services.sessions.list(call.caller)
    ]
    return Answer(body={"sessions": listed})


def end_session(services: Services, call: Call) -> Answer:
    """End one session of the person."""
    services.sessions.end(call.caller, call.path_uuid("session_id"), act(call))
    return Answer()


def end_other_sessions(services: Services, call: Call) -> Answer:
    """End every session of the person but this one."""
    services.sessions.end_others(call.caller, act(call))
    return Answer()


ROUTES: tuple[Route[Services], ...] = (
    Route(
        method="GET",
        path="/sessions",
        handler=list_sessions,
        operation_id="list_sessions",
        summary="List the sessions of the person",
        tags=("sessions",),
        answer=SESSIONS,
        access=bearer(Scope.SESSIONS),
        errors=(*BEARER_ERRORS, errors.IntegrityFailure),
    ),
    Route(
        method="DELETE",
        path="/sessions/{session_id}",
        handler=end_session,
        operation_id="end_session",
        summary="End one session",
        tags=("sessions",),
        status=204,
        access=bearer(Scope.SESSIONS),
        errors=(*BEARER_ERRORS, errors.NotFound),
    ),
    Route(
        method="DELETE",
        path="/sessions",
        handler=end_other_sessions,
        operation_id="end_other_sessions",
        summary="End all other sessions",
        tags=("sessions",),
        status=204,
        access=bearer(Scope.SESSIONS),
        errors=BEARER_ERRORS,
    ),
)
