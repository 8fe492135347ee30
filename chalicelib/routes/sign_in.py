"""Routes that let a person in: a nonce to bring along, and a provider's ID token, one route a provider."""

from functools import partial
from typing import Any

from chalicelib.domain import errors, limits
from chalicelib.domain.account import PersonName
from chalicelib.domain.challenges import ChallengePurpose
from chalicelib.domain.devices import Device
from chalicelib.domain.errors import Fault, InvalidInput
from chalicelib.domain.id_tokens import Platform, Provider, UnverifiedIdToken
from chalicelib.domain.profile_claims import NAME_CHARS_MAX, told_name
from chalicelib.domain.providers import PROVIDERS, OidcProvider
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
NAME_PART = optional(nullable(Text(max_chars=NAME_CHARS_MAX)))
NAME = Record("NameAtFirst", {"given_name": NAME_PART, "family_name": NAME_PART})
USER_AT_FIRST = Record(
    "UserAtFirst",
    {"name": optional(nullable(NAME))},
    description="What the provider told the app at the person's first consent, and never tells again.",
)
CODE = Text(max_chars=512, description="The authorization code that came with the ID token.")


def sign_in_request(provider: OidcProvider) -> Record:
    """Return what a sign-in with a provider brings."""
    id_token = Text(max_chars=ID_TOKEN_CHARS_MAX, description=f"{provider.title}'s ID token.")
    members = {
        "id_token": required(id_token),
        "nonce": optional(nullable(NONCE)),
        "device": optional(DEVICE_REQUEST),
        "consents": optional(ANSWERS),
    }
    more = {
        "authorization_code": provider.has_codes and optional(nullable(CODE)),
        "user": provider.names_in_body and optional(nullable(USER_AT_FIRST)),
    }
    return Record(f"{provider.title}SignIn", members | {name: one for name, one in more.items() if one})


def challenge(services: Services, call: Call) -> Answer:
    """Answer a single-use nonce."""
    nonce, expires_at = services.sign_in.challenge(call.body["purpose"] or ChallengePurpose.SIGN_IN)
    return Answer(body={"nonce": nonce, "expires_at": expires_at})


def sign_in(provider: Provider, services: Services, call: Call) -> Answer:
    """Sign in with a provider; a new person's account is made on the way."""
    signed_in = services.sign_in.with_id_token(_sign_in(provider, call), act(call))
    return Answer(body=tokens(signed_in))


def _sign_in(provider: Provider, call: Call) -> SignIn:
    return SignIn(
        provider=provider,
        id_token=UnverifiedIdToken(call.body["id_token"]),
        nonce=call.body["nonce"],
        device=_device(call),
        consents=read_answers(call, default_method="onboarding"),
        name=_name(call),
        authorization_code=call.body.get("authorization_code"),
        proof=call.proof,
    )


def _name(call: Call) -> PersonName | None:
    told = (call.body.get("user") or {}).get("name") or {}
    return told_name(told.get("given_name"), told.get("family_name"))


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


def sign_in_route(provider: OidcProvider) -> Route[Services]:
    """Return the route of a provider; where it isn't offered, nothing is found there."""
    return Route(
        method="POST",
        path=f"/auth/{provider.name}",
        handler=partial(sign_in, provider.name),
        operation_id=f"sign_in_with_{provider.name}",
        summary=f"Sign in with {provider.title}",
        tags=("sign-in",),
        takes_proof=True,
        takes_place=True,
        body=sign_in_request(provider),
        answer=TOKENS,
        limits=(limits.SIGN_IN_BY_ADDRESS, limits.SIGN_IN_BY_PERSON),
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
            errors.NotFound,
            errors.DependencyUnavailable,
        ),
    )


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
        limits=(limits.CHALLENGES,),
        errors=(errors.DependencyUnavailable,),
    ),
    *map(sign_in_route, PROVIDERS.values()),
)
