"""Public documents from which any gateway or backend learns to verify our tokens offline."""

from datetime import timedelta
from typing import Any

from chalicelib.domain import errors
from chalicelib.domain.dpop import ALGORITHMS
from chalicelib.domain.tokens import Scope
from chalicelib.routes.fields import Anything, Text
from chalicelib.routes.oauth import INTROSPECT_PATH, REVOKE_PATH
from chalicelib.routes.route import Answer, Call, Route
from chalicelib.routes.schema import Items, Record, optional, required
from chalicelib.routes.services import Services

JWKS_LIFETIME = timedelta(hours=1)  # a next key is published a day before its use
METADATA_LIFETIME = timedelta(hours=24)
JWKS_PATH = "/.well-known/jwks.json"
WORDS = Items(of=Text(max_chars=64), min_items=1, max_items=16)  # none is empty: decision 0105
URL = Text(max_chars=2048, format="uri")

JWK = Record(
    "Jwk",
    {
        **{name: required(Text(max_chars=128)) for name in ("kty", "kid", "use", "alg")},
        **{name: optional(Text(max_chars=1024)) for name in ("crv", "x", "y", "n", "e")},
    },
    open=True,
)
JWKS = Record("Jwks", {"keys": required(Items(of=JWK, max_items=32))}, description="RFC 7517 s5.", open=True)
METADATA = Record(
    "ServerMetadata",
    {
        "issuer": required(URL),
        "jwks_uri": required(URL),
        "scopes_supported": required(WORDS),
        "dpop_signing_alg_values_supported": required(WORDS),
        "ui_locales_supported": required(WORDS),
        "revocation_endpoint": required(URL),
        "revocation_endpoint_auth_methods_supported": required(WORDS),
        "introspection_endpoint": required(URL),
        "subject_types_supported": optional(WORDS),
        "id_token_signing_alg_values_supported": optional(WORDS),
    },
    description="RFC 8414 s2. There is no authorization or token endpoint, so that nothing of them is told: "
    "phones bring a provider's ID token.",
    open=True,
)
OPENAPI = Record(
    "OpenApi",
    {
        "openapi": required(Text(max_chars=16)),
        **{name: required(Anything()) for name in ("info", "servers", "paths", "components")},
    },
    description="OpenAPI 3.1.",
    open=True,
)


def jwks(services: Services, _call: Call) -> Answer:
    """Show the public halves of every key that is, or will be, in use."""
    return Answer(body={"keys": list(services.access.public_keys())})


def oauth_metadata(services: Services, _call: Call) -> Answer:
    """Describe this issuer (RFC 8414)."""
    return Answer(body=_metadata(services))


def openid_configuration(services: Services, _call: Call) -> Answer:
    """Describe this issuer to gateways that know only OpenID Connect Discovery."""
    algorithms = [services.signing_algorithm.value]
    more = {"subject_types_supported": ["public"], "id_token_signing_alg_values_supported": algorithms}
    return Answer(body=_metadata(services) | more)


def _metadata(services: Services) -> dict[str, Any]:
    return {
        "issuer": services.issuer_url,
        "jwks_uri": services.issuer_url + JWKS_PATH,
        "scopes_supported": [scope.value for scope in Scope],
        "dpop_signing_alg_values_supported": list(ALGORITHMS),  # RFC 9449 s5.1
        "ui_locales_supported": ["en", "es"],
        "revocation_endpoint": services.issuer_url + REVOKE_PATH,
        "revocation_endpoint_auth_methods_supported": ["none"],
        # how callers authenticate there, AWS SigV4, has no registered name: not told (RFC 8414 s2)
        "introspection_endpoint": services.issuer_url + INTROSPECT_PATH,
    }


ROUTES: tuple[Route[Services], ...] = (
    Route(
        method="GET",
        path=JWKS_PATH,
        handler=jwks,
        operation_id="read_jwks",
        summary="The keys that verify our tokens",
        tags=("metadata",),
        answer=JWKS,
        cache=JWKS_LIFETIME,
        errors=(errors.DependencyUnavailable,),
    ),
    Route(
        method="GET",
        path="/.well-known/oauth-authorization-server",
        handler=oauth_metadata,
        operation_id="read_oauth_metadata",
        summary="Authorization server metadata",
        tags=("metadata",),
        answer=METADATA,
        cache=METADATA_LIFETIME,
    ),
    Route(
        method="GET",
        path="/.well-known/openid-configuration",
        handler=openid_configuration,
        operation_id="read_openid_configuration",
        summary="OpenID provider metadata",
        tags=("metadata",),
        answer=METADATA,
        cache=METADATA_LIFETIME,
    ),
)
