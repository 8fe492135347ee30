"""The routes by which providers tell what became of accounts at their side."""

from http import HTTPStatus

from chalicelib.domain import errors, limits
from chalicelib.domain.providers import APPLE, GOOGLE
from chalicelib.routes.acts import act
from chalicelib.routes.body_formats import TOKEN_FIELD, BodyFormat
from chalicelib.routes.fields import Flag, Text
from chalicelib.routes.route import Answer, Call, Route
from chalicelib.routes.schema import Record, required
from chalicelib.routes.services import Services
from chalicelib.routes.sign_in import ID_TOKEN_CHARS_MAX
from chalicelib.routes.wordings import SECURITY_EVENT_WORDING

SECURITY_EVENT = Record(
    "SecurityEvent",
    {
        TOKEN_FIELD: required(
            Text(max_chars=ID_TOKEN_CHARS_MAX, description="A security event token (RFC 8417).")
        )
    },
)
NOTICE = Record(
    "AppleNotice",
    {"payload": required(Text(max_chars=ID_TOKEN_CHARS_MAX, description="A JWT that Apple signed."))},
)
RECEIVED = Record("NoticeReceived", {"received": required(Flag())}, open=True)


def google(services: Services, call: Call) -> Answer:
    """Take a security event token; 202 for one that changes nothing too (RFC 8935 s2.2)."""
    services.notices.receive(GOOGLE.name, call.body[TOKEN_FIELD], act(call))
    return Answer()


def apple(services: Services, call: Call) -> Answer:
    """Take a notice of Apple; 200 for one that changes nothing too, since Apple repeats what isn't."""
    services.notices.receive(APPLE.name, call.body["payload"], act(call))
    return Answer(body={"received": True})


ROUTES: tuple[Route[Services], ...] = (
    Route(
        method="POST",
        path="/events/google",
        handler=google,
        operation_id="receive_google_event",
        summary="Take a security event token of Google's Cross-Account Protection",
        tags=("events",),
        status=HTTPStatus.ACCEPTED,
        body=SECURITY_EVENT,
        body_format=BodyFormat.SECURITY_EVENT,
        wording=SECURITY_EVENT_WORDING,
        limits=(limits.EVENTS,),
        errors=(errors.SecurityEventRefused, errors.NotFound, errors.DependencyUnavailable),
    ),
    Route(
        method="POST",
        path="/events/apple",
        handler=apple,
        operation_id="receive_apple_notice",
        summary="Take a server-to-server notification of Sign in with Apple",
        tags=("events",),
        body=NOTICE,
        answer=RECEIVED,
        limits=(limits.EVENTS,),
        errors=(errors.NotFound, errors.DependencyUnavailable),
    ),
)
