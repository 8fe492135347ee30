"""Stand in for API Gateway: find the route, word the request as a REST proxy event, call the real handler."""

import base64
import json
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.message import Message
from typing import Any, Final
from urllib.parse import unquote

from chalice.app import IAMAuthorizer
from chalice.local import LocalGateway

from chalicelib.domain.errors import MethodNotAllowed, ServiceError, bad_signature, no_route
from chalicelib.routes.cors import gateway_headers
from chalicelib.routes.edge import Api
from chalicelib.routes.language import preferred_locale
from chalicelib.routes.problems import CHALLENGE, FORWARDED_CHALLENGE, problem
from local.children import HOST
from local.sigv4 import identity

STAGE: Final = "v1"
HOP_BY_HOP: Final = {"transfer-encoding"}  # a body is handed on whole
PATH_PARAMETER: Final = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Inbound:
    """A request as it came over the socket."""

    method: str
    target: str
    headers: Message
    body: bytes
    address: str
    request_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Outbound:
    """An answer as it goes over the socket."""

    status: int
    headers: Mapping[str, str | list[str]]
    body: bytes
    route: str | None = None
    is_logged: bool = False


class Gateway(LocalGateway):
    """Chalice's local gateway, saying what the deployed one says on a custom domain without base path."""

    authority: str = HOST  # of the URLs that it is called by; a server adds its port

    def answer(self, inbound: Inbound) -> Outbound:
        """Return what the handler, or the gateway in its place, answers."""
        try:
            event = self.event(inbound)
        except ValueError:  # Chalice's matcher for a path that is no route, urllib's for one that is no path
            return refusal(no_route(), inbound)
        route = event["resource"]
        methods = self._app_object.routes[route]
        if inbound.method not in methods:
            return refusal(MethodNotAllowed(), inbound, route, Allow=", ".join(sorted(methods)))
        if isinstance(self._app_object.routes[route][inbound.method].authorizer, IAMAuthorizer):
            caller = identity(inbound, datetime.now(UTC))
            if caller is None:  # as API Gateway answers in our words; see tools/gateway_responses_page.py
                is_signed = "Authorization" in inbound.headers
                return refusal(bad_signature() if is_signed else no_route(), inbound, route)
            event["requestContext"]["identity"] |= caller
        response = self._app_object(event, self._generate_lambda_context())
        headers = forwarded(response["headers"] | response["multiValueHeaders"])
        if response["body"] and "content-type" not in map(str.lower, headers):
            headers["Content-Type"] = "application/json"  # API Gateway's own default
        return Outbound(
            status=response["statusCode"],
            headers=headers,
            body=body_bytes(response),
            route=route,
            is_logged=True,  # the handler writes its own line
        )

    def dressed(self, outbound: Outbound) -> Outbound:
        """Return an answer; one of its own with what a release puts on those of API Gateway."""
        if outbound.is_logged or not isinstance(self._app_object, Api):
            return outbound
        return replace(outbound, headers={**outbound.headers, **gateway_headers(self._app_object.origins())})

    def event(self, inbound: Inbound) -> dict[str, Any]:
        """Return the request as API Gateway's REST proxy event.

        A body that isn't UTF-8 stays bytes, so that the handler sees what came.
        Raises: ValueError for a path that is no route.
        """
        sent = {name: str(value) for name, value in inbound.headers.items()}  # of repeated ones the last
        headers = {name: value for name, value in sent.items() if name.lower() not in HOP_BY_HOP}
        event: dict[str, Any] = self.event_converter.create_lambda_event(
            inbound.method, inbound.target, headers, inbound.body or None
        )
        route = event["requestContext"]["resourcePath"]
        path = event["requestContext"]["path"]
        queries = event["multiValueQueryStringParameters"]
        captured = event["pathParameters"]  # the matcher leaves names of routes that nearly matched in it
        parameters = {name: unquote(captured[name]) for name in PATH_PARAMETER.findall(route)}
        return event | {
            "resource": route,
            "path": path,
            "httpMethod": inbound.method,
            "headers": headers,
            "multiValueHeaders": {name: inbound.headers.get_all(name) for name in headers},
            "queryStringParameters": {name: values[-1] for name, values in queries.items()}
            if queries
            else None,
            "pathParameters": parameters or None,
            "stageVariables": None,
            "requestContext": request_context(inbound, route, path) | {"domainName": self.authority},
            "body": text_if_utf8(event["body"]),
            "isBase64Encoded": event.get("isBase64Encoded", False),
        }


def forwarded(headers: Mapping[str, Any]) -> dict[str, Any]:
    """Return a function's headers under the names that API Gateway gives them on their way to the client.

    The gateway's own errors (`refusal`) are not renamed.
    """
    return {
        FORWARDED_CHALLENGE if name.lower() == CHALLENGE.lower() else name: value
        for name, value in headers.items()
    }


def body_bytes(response: dict[str, Any]) -> bytes:
    """Return the body of a proxy response as it goes over the socket."""
    body = response["body"] or ""
    if response.get("isBase64Encoded"):
        return base64.b64decode(body)
    return body.encode() if isinstance(body, str) else bytes(body)


def request_context(inbound: Inbound, route: str, path: str) -> dict[str, Any]:
    """Return what API Gateway tells of the request itself; the address is the peer's (A4)."""
    now = time.time()
    return {
        "accountId": "123456789012",
        "apiId": "local",
        "httpMethod": inbound.method,
        "identity": {"sourceIp": inbound.address, "userAgent": inbound.headers.get("User-Agent")},
        "path": path,
        "protocol": "HTTP/1.1",
        "requestId": inbound.request_id,
        "requestTime": datetime.fromtimestamp(now, UTC).strftime("%d/%b/%Y:%H:%M:%S +0000"),
        "requestTimeEpoch": int(now * 1000),
        "resourceId": route,
        "resourcePath": route,
        "stage": STAGE,
    }


def text_if_utf8(body: bytes | str | None) -> bytes | str | None:
    """Return the body as text where it is text."""
    try:
        return body.decode() if isinstance(body, bytes) else body
    except UnicodeDecodeError:
        return body


def refusal(error: ServiceError, inbound: Inbound, route: str | None = None, **headers: str) -> Outbound:
    """Return the answer to a request that never reaches the handler, in the service's own shape."""
    told = problem(
        error,
        request_id=inbound.request_id,
        now=datetime.now(UTC),
        locale=preferred_locale(inbound.headers.get("Accept-Language")),
    )
    always = {"X-Request-Id": inbound.request_id, "Cache-Control": "no-store"}
    return Outbound(
        status=told.status,
        headers={**told.headers, **always, **headers},
        body=json.dumps(told.body, ensure_ascii=False).encode(),
        route=route,
    )
