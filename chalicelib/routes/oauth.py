"""Routes that standard OAuth clients and other backends know: revocation and introspection."""

from chalicelib.domain import errors, limits
from chalicelib.routes.acts import act
from chalicelib.routes.body_formats import TOKEN_FIELD, BodyFormat
from chalicelib.routes.fields import Anything, Flag, Integer, Text
from chalicelib.routes.route import Answer, Call, Route, aws_iam
from chalicelib.routes.schema import Items, Record, optional, required
from chalicelib.routes.services import Services
from chalicelib.routes.wordings import OAUTH_WORDING

REVOKE_PATH, INTROSPECT_PATH = "/oauth/revoke", "/oauth/introspect"
TOKEN = Text(max_chars=16 * 1024, description="An access token or a refresh token.")
HINT = Text(
    min_chars=0,  # without a value is as if it were omitted (RFC 6749 s3.1)
    max_chars=256,
    description="Ignored: a token says itself what it is (RFC 7009 s2.1).",
)
TOKEN_REQUEST = Record(
    "TokenRequest",
    {TOKEN_FIELD: required(TOKEN), "token_type_hint": optional(HINT)},
    ignores_unknown=True,  # RFC 6749 s3.2
)
_WORD, _SECONDS = Text(max_chars=2048), Integer(maximum=2**53 - 1)
INTROSPECTION = Record(
    "Introspection",
    {
        "active": required(Flag()),
        **{
            name: optional(_WORD)
            for name in ("iss", "aud", "sub", "client_id", "jti", "sid", "scope", "acr", "token_type")
        },
        **{name: optional(_SECONDS) for name in ("iat", "nbf", "exp", "auth_time")},
        "amr": optional(Items(of=_WORD, max_items=8)),
        "cnf": optional(Anything()),
    },
    description="RFC 7662 s2.2: of a token that is good now its claims, of any other `active` alone.",
    open=True,
)


def revoke(services: Services, call: Call) -> Answer:
    """End the session of a token; whatever it was, the answer is the same (RFC 7009 s2.2)."""
    services.oauth.revoke(call.body[TOKEN_FIELD], call.proof, act(call))
    return Answer()


def introspect(services: Services, call: Call) -> Answer:
    """Tell a backend whether an access token is good at this moment."""
    claims = services.oauth.introspect(call.body[TOKEN_FIELD], act(call))
    if claims is None:
        return Answer(body={"active": False})
    return Answer(body={"active": True, "token_type": "DPoP" if "cnf" in claims else "Bearer", **claims})


ROUTES: tuple[Route[Services], ...] = (
    Route(
        method="POST",
        path=REVOKE_PATH,
        handler=revoke,
        operation_id="revoke_token",
        summary="End the session of a token (RFC 7009)",
        tags=("oauth",),
        body=TOKEN_REQUEST,
        body_format=BodyFormat.FORM,
        wording=OAUTH_WORDING,
        takes_proof=True,
        limits=(limits.OAUTH,),
        errors=(errors.DependencyUnavailable,),
    ),
    Route(
        method="POST",
        path=INTROSPECT_PATH,
        handler=introspect,
        operation_id="introspect_token",
        summary="Tell a backend whether an access token is good now (RFC 7662)",
        tags=("oauth",),
        body=TOKEN_REQUEST,
        body_format=BodyFormat.FORM,
        wording=OAUTH_WORDING,
        answer=INTROSPECTION,
        access=aws_iam,
        limits=(limits.OAUTH,),
        errors=(errors.DependencyUnavailable, errors.NotFound),  # API Gateway's answer to the unsigned
    ),
)
