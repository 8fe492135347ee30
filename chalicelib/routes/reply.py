"""Write answers: headers that every answer carries, one JSON, and validators for the public documents."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from http import HTTPStatus
from typing import Any
from uuid import UUID

from chalicelib.domain.errors import ServiceError
from chalicelib.routes.bearer import tries_dpop
from chalicelib.routes.language import preferred_locale
from chalicelib.routes.problems import BEARER, CHALLENGE, NONCE_HEADER, as_dpop, problem
from chalicelib.routes.request import Request
from chalicelib.routes.rfc3339 import rfc3339
from chalicelib.routes.route import Answer, Route
from chalicelib.routes.wordings import Wording

_ETAG_HEX_CHARS = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What goes back to the gateway."""

    status: int
    headers: Mapping[str, str]
    body: str = field(repr=False)
    code: str | None = None


def answered(route: Route[Any], request: Request, answer: Answer, *, dpop_nonce: str | None = None) -> Reply:
    """Return a handler's answer as it goes out."""
    status = answer.status or route.status
    body = "" if answer.body is None else to_json(answer.body)
    content = {"Content-Type": route.content_type} if body else {}
    nonce = {} if dpop_nonce is None else {NONCE_HEADER: dpop_nonce}
    headers = {**_always(request.request_id), **content, **nonce, **answer.headers}
    if route.cache is None:
        return Reply(status=status, headers=headers, body=body)
    return _cached(request, Reply(status=status, headers=headers, body=body), route.cache)


def without_body(request: Request, headers: Mapping[str, str]) -> Reply:
    """Return an answer that is nothing but its headers."""
    return Reply(status=HTTPStatus.NO_CONTENT, headers={**_always(request.request_id), **headers}, body="")


def refused(error: ServiceError, request: Request, now: datetime, wording: Wording | None = None) -> Reply:
    """Return an error as it goes out; a bad request in the wording of the route's own RFC, if it has one."""
    locale = preferred_locale(request.headers.get("accept-language"))
    told = problem(error, request_id=request.request_id, now=now, locale=locale)
    headers = {**_always(request.request_id), **told.headers}
    if CHALLENGE in headers:
        headers[CHALLENGE] = _challenge(headers[CHALLENGE], request)
    body = told.body
    if wording is not None and told.status == HTTPStatus.BAD_REQUEST:
        headers["Content-Type"], body = "application/json", wording.tell(error)
    return Reply(status=int(told.status), headers=headers, body=to_json(body), code=error.code)


def _challenge(challenge: str, request: Request) -> str:
    """Return the challenge for what was tried: by a holder of a key, by a bearer, or by nobody."""
    if not challenge.startswith(BEARER):
        return challenge
    if tries_dpop(request.authorization):
        return as_dpop(challenge)
    return (
        challenge if any(request.authorization) else BEARER
    )  # no error code without credentials (RFC 6750 s3.1)


def to_gateway(reply: Reply) -> dict[str, Any]:
    """Return what API Gateway takes for an answer (Lambda proxy integration).

    `multiValueHeaders` is empty: API Gateway may go without it, `chalice local` may not.
    """
    headers = {"headers": dict(reply.headers), "multiValueHeaders": {}}
    return {"statusCode": reply.status, **headers, "body": reply.body}


def to_json(value: Mapping[str, Any]) -> str:
    """Return compact JSON; datetimes and UUIDs are written the one way."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False, allow_nan=False, default=_scalar)


def _cached(request: Request, reply: Reply, lifetime: timedelta) -> Reply:
    """Let anyone keep a public document, and answer 304 to whoever has it already (RFC 9110 s13.1.2)."""
    etag = f'"{sha256(reply.body.encode()).hexdigest()[:_ETAG_HEX_CHARS]}"'
    cacheable = {
        "Cache-Control": f"public, max-age={int(lifetime.total_seconds())}",
        "ETag": etag,
        "Vary": "Accept-Language",
    }
    headers = {**reply.headers, **cacheable}
    if _names(request.headers.get("if-none-match", ""), etag):
        headers.pop("Content-Type", None)
        return Reply(status=HTTPStatus.NOT_MODIFIED, headers=headers, body="")
    return Reply(status=reply.status, headers=headers, body=reply.body)


def _names(if_none_match: str, etag: str) -> bool:
    """Tell whether the header names this entity; gateways turn a strong tag into a weak one on the way."""
    tags = [tag.strip(" \t").removeprefix("W/") for tag in if_none_match.split(",")]
    return "*" in tags or etag in tags


def _always(request_id: str) -> dict[str, str]:
    return {"X-Request-Id": request_id, "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


def _scalar(value: object) -> str:
    match value:
        case datetime():
            return rfc3339(value)
        case UUID():
            return str(value)
        case _:
            raise TypeError(type(value).__name__)
