"""The Lambda entry: one app, its routes, and every function that is not HTTP."""

from dataclasses import asdict
from typing import Any

from chalicelib import operations, wiring
from chalicelib.routes.all import ROUTES
from chalicelib.routes.edge import Api, mount

app = Api(app_name="serenya-auth")
mount(app, ROUTES, wiring.services)


@app.lambda_function(name="consent-coverage")
def consent_coverage(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Tell operators how active people stand on the documents, and on `document` at `version` if it came."""
    document, version = event.get("document"), event.get("version")
    return asdict(operations.consent_coverage(wiring.settings(), document=document, version=version))
