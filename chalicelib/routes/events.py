"""The route by which a provider tells what became of an account at its side."""

from chalicelib.domain import errors
from chalicelib.domain.providers import APPLE
from chalicelib.routes.acts import act
from chalicelib.routes.fields import Flag, Text
from chalicelib.routes.route import Answer, Call, Route
from chalicelib.routes.schema import Record, required
from chalicelib.routes.services import Services
from chalicelib.routes.sign_in import ID_TOKEN_CHARS_MAX

NOTICE = Record(
    "AppleNotice",
    {"payload": required(Text(max_chars=ID_TOKEN_CHARS_MAX, description="A JWT that Apple signed."))},
)
RECEIVED = Record("NoticeReceived", {"received": required(Flag())}, open=True)


def apple(services: Services, call: Call) -> Answer:
    """Take a notice of Apple; 200 for one that changes nothing too, since Apple repeats what isn't."""
    services.notices.receive(APPLE.name, call.body["payload"], act(call))
    return Answer(body={"received": True})


ROUTES: tuple[Route[Services], ...] = (
    Route(
        method="POST",
        path="/events/apple",
        handler=apple,
        operation_id="receive_apple_notice",
        summary="Take a server-to-server notification of Sign in with Apple",
        tags=("events",),
        body=NOTICE,
        answer=RECEIVED,
        errors=(errors.NotFound, errors.DependencyUnavailable),
    ),
)
