"""Routes by which a phone's hardware key proves that its person is present."""

from typing import Any

from chalicelib.domain import errors, limits
from chalicelib.domain.biometrics import KEYS_MAX, Registration
from chalicelib.domain.decoration import KEY_NAME
from chalicelib.domain.keys import PRIVATE_JWK_MEMBERS
from chalicelib.domain.presence_challenges import CHALLENGE_CHARS_MAX, SignedChallenge
from chalicelib.domain.step_up import SensitiveAct
from chalicelib.domain.tokens import Scope
from chalicelib.routes.acts import act
from chalicelib.routes.binary import Base64Url
from chalicelib.routes.fields import Flag, Text, Timestamp, Uuid
from chalicelib.routes.route import Answer, Call, Route, bearer
from chalicelib.routes.schema import Items, Record, decoration, nullable, required
from chalicelib.routes.services import Services
from chalicelib.routes.sessions import BEARER_ERRORS
from chalicelib.routes.shapes import TOKENS, tokens
from chalicelib.routes.tokens import REFRESH_TOKEN
from chalicelib.services.biometrics import KeyOffer

COORDINATE = Text(max_chars=64, description="32 bytes, base64url without padding.")
PUBLIC_KEY = Record(
    "PublicKey",
    {
        "kty": required(Text(max_chars=8, description="EC.")),
        "crv": required(Text(max_chars=16, description="P-256, the curve of Secure Enclave and StrongBox.")),
        "x": required(COORDINATE),
        "y": required(COORDINATE),
    },
    description="The public half of the phone's key, as a JWK (RFC 7517). A private member is refused, any "
    "other one is ignored: `ext` and `key_ops` of WebCrypto, for example.",
    ignores_unknown=True,
    never=PRIVATE_JWK_MEMBERS,
)
CHALLENGE = Record(
    "PresenceChallenge",
    {
        "challenge": required(
            Text(max_chars=CHALLENGE_CHARS_MAX, description="Sign its ASCII bytes as they are.")
        ),
        "expires_at": required(Timestamp()),
    },
    open=True,
)
SIGNED = {
    "challenge": required(Text(max_chars=CHALLENGE_CHARS_MAX)),
    "signature": required(
        Base64Url(max_bytes=72, description="ECDSA with SHA-256 over the challenge, in DER, base64url.")
    ),
}
REGISTRATION = Record(
    "BiometricRegistration",
    {
        "id": required(Uuid()),
        "device_id": required(Uuid(description="The device whose hardware holds the key.")),
        "name": required(nullable(Text(max_chars=KEY_NAME.chars_max))),
        "created_at": required(Timestamp()),
        "last_used_at": required(nullable(Timestamp())),
        "current": required(Flag(description="On the device that asks.")),
    },
    open=True,
)
REGISTRATIONS = Record(
    "BiometricRegistrations",
    {"registrations": required(Items(of=REGISTRATION, max_items=KEYS_MAX))},
    open=True,
)
REGISTER_REQUEST = Record("BiometricRegisterRequest", {"public_key": required(PUBLIC_KEY)})
COMPLETE_REQUEST = Record(
    "BiometricCompleteRequest",
    {
        "public_key": required(PUBLIC_KEY),
        **SIGNED,
        "name": decoration(KEY_NAME, "What the person calls it."),
    },
)
VERIFY_REQUEST = Record(
    "BiometricVerifyRequest",
    {"registration_id": required(Uuid()), **SIGNED, "refresh_token": required(REFRESH_TOKEN)},
)
CHALLENGE_ERRORS = (
    errors.ChallengeInvalid,
    errors.ChallengeMismatch,
    errors.ChallengeExpired,
    errors.ChallengeUsed,
    errors.SignatureInvalid,
)
KEY_ERRORS = (errors.PublicKeyInvalid, errors.PublicKeyUnsupported)


def register(services: Services, call: Call) -> Answer:
    """Ask a new key for its signature."""
    challenge, expires_at = services.biometrics.begin(call.caller, call.body["public_key"])
    return Answer(body={"challenge": challenge, "expires_at": expires_at})


def complete(services: Services, call: Call) -> Answer:
    """Keep a key that has signed."""
    offer = KeyOffer(jwk=call.body["public_key"], proof=_signed(call), name=call.body["name"])
    return Answer(body=_shown(services.biometrics.complete(call.caller, offer, act(call))))


def challenge(services: Services, call: Call) -> Answer:
    """Ask a registered key for its signature."""
    text, expires_at = services.presence.challenge(call.caller)
    return Answer(body={"challenge": text, "expires_at": expires_at})


def verify(services: Services, call: Call) -> Answer:
    """Step the session up."""
    body = call.body
    signed_in = services.presence.verify(
        call.caller, body["registration_id"], _signed(call), body["refresh_token"], act(call)
    )
    return Answer(body=tokens(signed_in))


def list_registrations(services: Services, call: Call) -> Answer:
    """List the person's keys."""
    return Answer(body={"registrations": [_shown(one) for one in services.biometrics.list(call.caller)]})


def remove_registration(services: Services, call: Call) -> Answer:
    """Forget one key."""
    services.biometrics.remove(call.caller, call.path_uuid("registration_id"), act(call))
    return Answer()


def _signed(call: Call) -> SignedChallenge:
    return SignedChallenge(text=call.body["challenge"], signature=call.body["signature"])


def _shown(registration: Registration) -> dict[str, Any]:
    return {
        "id": registration.id,
        "device_id": registration.device_id,
        "name": registration.name,
        "created_at": registration.created_at,
        "last_used_at": registration.last_used_at,
        "current": registration.current,
    }


ROUTES: tuple[Route[Services], ...] = (
    Route(
        method="POST",
        path="/auth/biometric/register",
        handler=register,
        operation_id="register_biometric_key",
        summary="Ask a new hardware key for its signature",
        tags=("biometrics",),
        body=REGISTER_REQUEST,
        answer=CHALLENGE,
        access=bearer(Scope.ACCOUNT),
        limits=(limits.BIOMETRICS,),
        step_up=SensitiveAct.CHANGE_KEYS,
        errors=(*KEY_ERRORS, *BEARER_ERRORS),
    ),
    Route(
        method="POST",
        path="/auth/biometric/complete",
        handler=complete,
        operation_id="complete_biometric_registration",
        summary="Register the key that has signed",
        tags=("biometrics",),
        body=COMPLETE_REQUEST,
        answer=REGISTRATION,
        access=bearer(Scope.ACCOUNT),
        limits=(limits.BIOMETRICS,),
        errors=(
            *(*KEY_ERRORS, *CHALLENGE_ERRORS, *BEARER_ERRORS),
            *(errors.BiometricKeysFull, errors.IntegrityFailure),
        ),
    ),
    Route(
        method="POST",
        path="/auth/biometric/challenge",
        handler=challenge,
        operation_id="create_presence_challenge",
        summary="Ask a registered key for its signature",
        tags=("biometrics",),
        answer=CHALLENGE,
        access=bearer(Scope.SESSIONS),
        limits=(limits.BIOMETRICS,),
        errors=BEARER_ERRORS,
    ),
    Route(
        method="POST",
        path="/auth/biometric/verify",
        handler=verify,
        operation_id="verify_presence",
        summary="Prove presence, and step the session up",
        tags=("biometrics",),
        body=VERIFY_REQUEST,
        answer=TOKENS,
        access=bearer(Scope.SESSIONS),
        limits=(limits.BIOMETRICS,),
        errors=(
            *(*CHALLENGE_ERRORS, *BEARER_ERRORS, errors.NotFound, errors.IntegrityFailure),
            *(errors.RefreshTokenInvalid, errors.RefreshTokenExpired, errors.RefreshTokenReused),
        ),
    ),
    Route(
        method="GET",
        path="/auth/biometric/registrations",
        handler=list_registrations,
        operation_id="list_biometric_registrations",
        summary="List the person's hardware keys",
        tags=("biometrics",),
        answer=REGISTRATIONS,
        access=bearer(Scope.ACCOUNT),
        errors=(*BEARER_ERRORS, errors.IntegrityFailure),
    ),
    Route(
        method="DELETE",
        path="/auth/biometric/registrations/{registration_id}",
        handler=remove_registration,
        operation_id="remove_biometric_registration",
        summary="Forget a hardware key",
        tags=("biometrics",),
        status=204,
        access=bearer(Scope.ACCOUNT),
        step_up=SensitiveAct.CHANGE_KEYS,
        errors=(*BEARER_ERRORS, errors.NotFound),
    ),
)
