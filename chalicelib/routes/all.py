"""Every route of the service, and the description that is written from them."""

from functools import cache
from typing import Any

from chalicelib.routes import (
    account,
    biometrics,
    consents,
    erasure,
    events,
    export,
    health,
    identities,
    metadata,
    oauth,
    openapi,
    sessions,
    sign_in,
    tokens,
)
from chalicelib.routes.route import Answer, Call, Route
from chalicelib.routes.services import Services

API_VERSION = "0.1.0"


def read_openapi(services: Services, _call: Call) -> Answer:
    """Describe the API (OpenAPI 3.1)."""
    return Answer(body=_document(services.issuer_url))


@cache
def _document(server: str) -> dict[str, Any]:
    return openapi.document(ROUTES, title="serenya-auth", version=API_VERSION, server=server)


ROUTES: tuple[Route[Services], ...] = (
    *sign_in.ROUTES,
    *tokens.ROUTES,
    *sessions.ROUTES,
    *biometrics.ROUTES,
    *account.ROUTES,
    *identities.ROUTES,
    *events.ROUTES,
    *oauth.ROUTES,
    *export.ROUTES,
    *erasure.ROUTES,
    *consents.ROUTES,
    *metadata.ROUTES,
    Route(
        method="GET",
        path="/openapi.json",
        handler=read_openapi,
        operation_id="read_openapi",
        summary="This description",
        tags=("metadata",),
        answer=metadata.OPENAPI,
        cache=metadata.JWKS_LIFETIME,
    ),
    *health.ROUTES,
)
