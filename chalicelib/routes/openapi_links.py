"""Say in the API description which answer leads where (OpenAPI links), for readers and tests that follow.

An answer of one name leads to the same places on every route.
"""

from collections.abc import Mapping
from typing import Any

from chalicelib.routes.schema import Record

_REFRESH_TOKEN = {"refresh_token": "$response.body#/refresh_token"}
_LINKS: Mapping[str, Mapping[str, Mapping[str, Any]]] = {
    "Tokens": {
        "refresh": {"operationId": "refresh", "requestBody": _REFRESH_TOKEN},
        "logout": {"operationId": "logout", "requestBody": _REFRESH_TOKEN},
        "end": {
            "operationId": "end_session",
            "parameters": {"session_id": "$response.body#/session/id"},
        },
    },
    "Sessions": {
        "end": {
            "operationId": "end_session",
            "parameters": {"session_id": "$response.body#/sessions/0/id"},
        }
    },
    "ErasureReceipt": {
        "status": {
            "operationId": "read_erasure",
            "parameters": {"erasure_id": "$response.body#/erasure/id"},
        }
    },
}


def links(answer: Record | None) -> Mapping[str, Any]:
    """Return the member that says where an answer leads; nothing for one that leads nowhere."""
    found = {} if answer is None else _LINKS.get(answer.name, {})
    return {"links": {name: dict(link) for name, link in found.items()}} if found else {}
