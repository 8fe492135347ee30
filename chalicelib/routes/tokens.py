"""Routes that keep a session or end it: refresh and logout."""

from chalicelib.domain import errors, limits
from chalicelib.domain.errors import MissingToken
from chalicelib.domain.tokens import Scope
from chalicelib.routes.acts import act
from chalicelib.routes.fields import Flag, Text
from chalicelib.routes.route import Answer, Call, Route, bearer_or_body
from chalicelib.routes.schema import Record, forgiving, required
from chalicelib.routes.services import Services
from chalicelib.routes.shapes import TOKENS, tokens

REFRESH_TOKEN = Text(max_chars=256, description="The newest refresh token of the session.")
REFRESH_REQUEST = Record("RefreshRequest", {"refresh_token": required(REFRESH_TOKEN)})
LOGOUT_REQUEST = Record(
    "LogoutRequest",
    {
        "refresh_token": forgiving(REFRESH_TOKEN),
        "all_devices": forgiving(Flag(description="End every session of the person; only `true` does.")),
    },
    description="Logout is never refused for its body: what doesn't fit is absent.",
    ignores_unknown=True,
)


def refresh(services: Services, call: Call) -> Answer:
    """Rotate a refresh token; the retry of a lost answer gets the same successor."""
    return Answer(body=tokens(services.sessions.refresh(call.body["refresh_token"], call.proof, act(call))))


def logout(services: Services, call: Call) -> Answer:
    """End the session; whoever asks twice gets the same answer."""
    refresh_token = call.body["refresh_token"]
    if refresh_token is None and call.offered is None:
        raise MissingToken
    services.sessions.logout(
        refresh_token=refresh_token,
        access_token=call.offered,
        proof=call.proof,
        all_devices=bool(call.body["all_devices"]),
        act=act(call),
    )
    return Answer()


ROUTES: tuple[Route[Services], ...] = (
    Route(
        method="POST",
        path="/auth/refresh",
        handler=refresh,
        operation_id="refresh",
        summary="Rotate the refresh token",
        tags=("sessions",),
        takes_proof=True,
        body=REFRESH_REQUEST,
        answer=TOKENS,
        limits=(limits.REFRESH_FAILURES_BY_ADDRESS, limits.REFRESH_FAILURES_BY_SESSION),
        errors=(
            errors.RefreshTokenInvalid,
            errors.RefreshTokenExpired,
            errors.RefreshTokenReused,
            errors.SessionRevoked,
            errors.AccountSuspended,
            errors.IntegrityFailure,
            errors.DependencyUnavailable,
        ),
    ),
    Route(
        method="POST",
        path="/auth/logout",
        handler=logout,
        operation_id="logout",
        summary="End this session, or all",
        tags=("sessions",),
        takes_proof=True,
        body=LOGOUT_REQUEST,
        body_optional=True,
        status=204,
        access=bearer_or_body(Scope.LOGOUT),
        errors=(errors.MissingToken, errors.InvalidAccessToken, errors.DependencyUnavailable),
    ),
)
