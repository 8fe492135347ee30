"""Routes that let a person in: a nonce to bring along, and a provider's ID token, one route a provider."""

from functools import partial
from typing import Any

from chalicelib.domain import errors, limits
from chalicelib.domain.account import PersonName
from chalicelib.domain.challenges import ChallengePurpose
from chalicelib.domain.decoration import APP_VERSION, DEVICE_MODEL, DEVICE_NAME, OS_VERSION, PERSON_NAME
from chalicelib.domain.devices import Device
from chalicelib.domain.id_tokens import Platform, Provider, UnverifiedIdToken
from chalicelib.domain.profile_claims import told_name
from chalicelib.domain.providers import PROVIDERS, OidcProvider
from chalicelib.domain.sign_in import SignIn
from chalicelib.routes.acts import act
from chalicelib.routes.answers import ANSWERS, read_answers
from chalicelib.routes.faults import Faults
from chalicelib.routes.fields import Choice, Text, Timestamp
from chalicelib.routes.route import Answer, Call, DeviceHints, Route
from chalicelib.routes.schema import Record, decoration, forgiving, optional, required
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
        "name": decoration(DEVICE_NAME, "What the person, or the maker, calls the device."),
        "model": decoration(DEVICE_MODEL, "The model."),
        "os_version": decoration(OS_VERSION, "The version of its system."),
        "app_version": decoration(APP_VERSION, "The version of the app; X-App-Version if absent."),
    },
    description="The phone. A sign-in needs its id and platform, here or in the headers.",
)
NAME = Record(
    "NameAtFirst",
    {
        "given_name": decoration(PERSON_NAME, "The given name."),
        "family_name": decoration(PERSON_NAME, "The family name."),
    },
    ignores_unknown=True,
)
USER_AT_FIRST = Record(
    "UserAtFirst",
    {"name": forgiving(NAME)},
    description="What the provider told the app at the person's first consent, and never tells again.",
    ignores_unknown=True,
)
CODE = Text(max_chars=512, description="The authorization code that came with the ID token.")


def sign_in_request(provider: OidcProvider) -> Record:
    """Return what a sign-in with a provider brings."""
    id_token = Text(max_chars=ID_TOKEN_CHARS_MAX, description=f"{provider.title}'s ID token.")
    members = {
        "id_token": required(id_token),
        "nonce": optional(NONCE),
        "device": optional(DEVICE_REQUEST),
        "consents": optional(ANSWERS),
    }
    more = {
        "authorization_code": provider.has_codes and optional(CODE),
        "user": provider.names_in_body and forgiving(USER_AT_FIRST),
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
        device=Device(**call.body["device"]),
        consents=read_answers(call, default_method="onboarding"),
        name=_name(call),
        authorization_code=call.body.get("authorization_code"),
        proof=call.proof,
    )


def _name(call: Call) -> PersonName | None:
    told = (call.body.get("user") or {}).get("name") or {}
    return told_name(told.get("given_name"), told.get("family_name"))


def complete_device(body: dict[str, Any], hints: DeviceHints, faults: Faults) -> None:
    """Take from the headers what the body doesn't say of the phone, and note what neither says."""
    described = body["device"] or dict.fromkeys(DEVICE_REQUEST.members)
    hinted = {
        "id": described["id"] or hints.id,
        "platform": described["platform"] or hints.platform,
        "app_version": described["app_version"] or hints.app_version,
    }
    for name in ("id", "platform"):
        if hinted[name] is None:
            faults.add_missing(f"/device/{name}")
    body["device"] = described | hinted


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
        complete=complete_device,
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
