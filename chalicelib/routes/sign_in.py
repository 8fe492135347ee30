"""Routes that let a person in: a nonce to bring along, and Google's ID token."""

from typing import Any

from chalicelib.domain import errors
from chalicelib.domain.challenges import ChallengePurpose
from chalicelib.domain.devices import Device
from chalicelib.domain.errors import Fault, InvalidInput
from chalicelib.domain.id_tokens import Platform, UnverifiedIdToken
from chalicelib.domain.sign_in import SignIn
from chalicelib.routes.acts import act
from chalicelib.routes.answers import ANSWERS, read_answers
from chalicelib.routes.faults import FaultCode
from chalicelib.routes.fields import Choice, Text, Timestamp
from chalicelib.routes.route import Answer, Call, Route
from chalicelib.routes.schema import Record, nullable, optional, required
from chalicelib.routes.services import Services
from chalicelib.routes.shapes import TOKENS, tokens

ID_TOKEN_CHARS_MAX = 8192
NONCE = Text(max_chars=255, description="The nonce of POST /auth/challenge, as it was answered.")

CHALLENGE_REQUEST = Record(
    "ChallengeRequest",
    {"purpose": optional(Choice(ChallengePurpose, description="What the nonce is for; sign_in if absent."))},
)
CHALLENGE = Record(
    "Challenge",
    {"nonce": required(NONCE), "expires_at": required(Timestamp())},
    description="A nonce that works once.",
    open=True,
)
DEVICE_REQUEST = Record(
    "DeviceRequest",
    {
        "id": optional(Text(max_chars=128, description="Names the device; X-Device-ID if absent.")),
        "platform": optional(Choice(Platform, description="X-Device-Platform if absent.")),
        "name": optional(nullable(Text(max_chars=128))),
        "model": optional(nullable(Text(max_chars=128))),
        "os_version": optional(nullable(Text(max_chars=64))),
        "app_version": optional(nullable(Text(max_chars=64, description="X-App-Version if absent."))),
    },
)
SIGN_IN_REQUEST = Record(
    "GoogleSignIn",
    {
        "id_token": required(Text(max_chars=ID_TOKEN_CHARS_MAX, description="Google's ID token.")),
        "nonce": optional(nullable(NONCE)),
        "device": optional(DEVICE_REQUEST),
        "consents": optional(ANSWERS),
    },
)


def challenge(services: Services, call: Call) -> Answer:
    """Answer a single-use nonce."""
    nonce, expires_at = services.sign_in.challenge(call.body["purpose"] or ChallengePurpose.SIGN_IN)
    return Answer(body={"nonce": nonce, "expires_at": expires_at})


def google(services: Services, call: Call) -> Answer:
    """Sign in with Google; a new person's account is made on the way."""
    signed_in = services.sign_in.with_google(_sign_in(call), act(call))
    return Answer(body=tokens(signed_in))


def _sign_in(call: Call) -> SignIn:
    return SignIn(
        id_token=UnverifiedIdToken(call.body["id_token"]),
        nonce=call.body["nonce"],
        device=_device(call),
        consents=read_answers(call, default_method="onboarding"),
    )


def _device(call: Call) -> Device:
    described: dict[str, Any] = call.body["device"] or dict.fromkeys(DEVICE_REQUEST.members)
    hinted = {
        "id": described["id"] or call.device.id,
        "platform": described["platform"] or call.device.platform,
        "app_version": described["app_version"] or call.device.app_version,
    }
    faults = [name for name in ("id", "platform") if hinted[name] is None]
    if faults:
        raise InvalidInput(
            faults=tuple(Fault(pointer=f"/device/{name}", code=FaultCode.required) for name in faults)
        )
    return Device(**{**described, **hinted})


ROUTES: tuple[Route[Services], ...] = (
    Route(
        method="POST",
        path="/auth/challenge",
        handler=challenge,
        operation_id="create_challenge",
        summary="Get a single-use nonce",
        tags=("sign-in",),
        body=CHALLENGE_REQUEST,
        body_optional=True,
        answer=CHALLENGE,
        errors=(errors.DependencyUnavailable,),
    ),
    Route(
        method="POST",
        path="/auth/google",
        handler=google,
        operation_id="sign_in_with_google",
        summary="Sign in with Google",
        tags=("sign-in",),
        body=SIGN_IN_REQUEST,
        answer=TOKENS,
        errors=(
            errors.InvalidIdToken,
            errors.IdTokenExpired,
            errors.IdTokenUsed,
            errors.NonceRequired,
            errors.InvalidNonce,
            errors.ConsentRequired,
            errors.ConsentOutdated,
            errors.AccountSuspended,
            errors.SessionRevoked,
            errors.IntegrityFailure,
            errors.DependencyUnavailable,
        ),
    ),
)
