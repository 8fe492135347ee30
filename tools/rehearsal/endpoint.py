"""Stand in front of moto and do what it can't: run functions, answer as the API, know PostgreSQL's versions.

moto runs a function in Docker. Here its configuration stays in moto, which gets a stub for the code, and the
real package runs beside it. Whatever isn't named below goes to moto as it came.
"""

import base64
import http.client
import io
import json
import re
import threading
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from urllib.parse import parse_qs, unquote, urlsplit
from uuid import uuid4

from local.children import HOST
from local.gateway import forwarded
from local.runtime_api import FunctionError
from tools.rehearsal.functions import Functions

FUNCTIONS: Final = "/2015-03-31/functions"
FUNCTION: Final = re.compile(rf"{FUNCTIONS}/(?P<name>[^/]+)(?P<what>/\w+)?/?")
API: Final = re.compile(r"/restapis/\w+/v1/_user_request_(?P<path>/.*)")
IMPORTED: Final = re.compile(r"/restapis(/\w+)?")
HOP_BY_HOP: Final = {"connection", "expect", "host", "transfer-encoding", "content-length"}
VERSIONS: Final = b"""<DescribeDBEngineVersionsResponse xmlns="http://rds.amazonaws.com/doc/2014-10-31/">
<DescribeDBEngineVersionsResult><DBEngineVersions><DBEngineVersion><Engine>postgres</Engine>
<EngineVersion>17.6</EngineVersion><DBParameterGroupFamily>postgres17</DBParameterGroupFamily>
<Status>available</Status></DBEngineVersion></DBEngineVersions></DescribeDBEngineVersionsResult>
<ResponseMetadata><RequestId>rehearsal</RequestId></ResponseMetadata></DescribeDBEngineVersionsResponse>"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request, whoever it is for."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def path(self) -> str:
        """The target without its query."""
        return urlsplit(self.target).path


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """One answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(kw_only=True)
class Endpoint:
    """What AWS is for a rehearsal. `instead` are functions that can't run here, by the end of their names."""

    moto: str
    functions: Functions
    instead: Mapping[str, Callable[[], Any]]
    rotate: Callable[[str], None]
    api: str  # Lambda's name of the API's function

    def answer(self, request: Request) -> Reply:  # noqa: PLR0911 - one for each thing that moto can't do
        """Answer one request."""
        of_api, of_function = API.fullmatch(request.path), FUNCTION.fullmatch(request.path)
        if of_api:
            return self._as_api(request, of_api["path"])
        if of_function and of_function["what"] == "/invocations":
            return self._invoke(unquote(of_function["name"]).rpartition(":")[2], request)
        if request.path.startswith(FUNCTIONS):
            return self._with_code(request)
        if request.path.startswith("/2016-08-19/account-settings"):
            return _json(200, {"AccountLimit": {"ConcurrentExecutions": 10}})
        if b"Action=DescribeDBEngineVersions" in request.body:
            return Reply(status=200, headers={"Content-Type": "text/xml"}, body=VERSIONS)
        if request.headers.get("X-Amz-Target") == "secretsmanager.RotateSecret":
            self.rotate(json.loads(request.body)["SecretId"])
            return _json(200, {})
        if IMPORTED.fullmatch(request.path) and "mode=" in request.target:
            return self._forward(request, _described(request.body))
        if IMPORTED.fullmatch(request.path) and request.method == "DELETE":
            return self._without_api(request)
        return self._forward(request, request.body)

    def _without_api(self, request: Request) -> Reply:
        """Delete an API, or say that it is gone: moto fails then, and AWS doesn't."""
        found = self._forward(replace(request, method="GET"), b"")
        return self._forward(request, b"") if found.status == HTTPStatus.OK else found

    def _with_code(self, request: Request) -> Reply:
        """Keep the code here, and let moto have the rest."""
        body, code = _without_code(request.body)
        reply = self._forward(request, body)
        if reply.status >= 300:  # noqa: PLR2004 - HTTP's own
            return reply
        if code:
            self.functions.put(json.loads(reply.body)["FunctionName"], code)
        return self._with_digest(reply)

    def _with_digest(self, reply: Reply) -> Reply:
        told = json.loads(reply.body or b"{}")
        for one in (told, told.get("Configuration", {})):
            digest = self.functions.digest(one.get("FunctionName", ""))
            if digest and "CodeSha256" in one:
                one["CodeSha256"] = base64.b64encode(bytes.fromhex(digest)).decode()
        return _json(reply.status, told) if told else reply

    def _invoke(self, name: str, request: Request) -> Reply:
        if name in self.functions.asleep:  # for weeks, and got no network interface yet
            self.functions.asleep.remove(name)
            return Reply(
                status=502,
                headers={"X-Amzn-ErrorType": "ResourceNotReadyException"},
                body=b'{"Type": "User"}',
            )
        stand_in = next((act for end, act in self.instead.items() if name.endswith(end)), None)
        try:
            if stand_in is not None:
                return _json(200, stand_in())
            return _json(200, self._run(name, json.loads(request.body or b"{}")))
        except FunctionError as error:
            return Reply(status=200, headers={"X-Amz-Function-Error": "Unhandled"}, body=str(error).encode())

    def _as_api(self, request: Request, path: str) -> Reply:
        try:
            told = self._run(self.api, _event(request, path))
        except FunctionError:
            return _json(502, {"message": "Internal server error"})
        many = {name: ", ".join(values) for name, values in told.get("multiValueHeaders", {}).items()}
        headers = forwarded({**told.get("headers", {}), **many})
        body = told.get("body", "")
        content = base64.b64decode(body) if told.get("isBase64Encoded") else body.encode()
        return Reply(status=told["statusCode"], headers=headers, body=content)

    def _run(self, name: str, event: Mapping[str, Any]) -> Any:  # noqa: ANN401 - JSON
        asked = Request(
            method="GET", target=f"{FUNCTIONS}/{name}/configuration", headers=_AS_LAMBDA, body=b""
        )
        told = json.loads(self._forward(asked, b"").body)
        given, needed = (told["Runtime"], told["Architectures"][0]), self.functions.runs_on[name]
        if given != needed:  # bytecode and libraries of another Python or machine don't load
            words = f"Unable to import module 'app': made for {needed}, run on {given}"
            raise FunctionError(json.dumps({"errorType": "Runtime.ImportModuleError", "errorMessage": words}))
        variables = told.get("Environment", {}).get("Variables", {})
        return self.functions.invoke(name, told["Handler"], variables, event).body

    def _forward(self, request: Request, body: bytes) -> Reply:
        connection = http.client.HTTPConnection(urlsplit(self.moto).netloc, timeout=60)
        kept = {name: value for name, value in request.headers.items() if name.lower() not in HOP_BY_HOP}
        try:
            connection.request(
                request.method, request.target, body, {**kept, "Content-Length": str(len(body))}
            )
            answer = connection.getresponse()
            return Reply(status=answer.status, headers=dict(answer.getheaders()), body=answer.read())
        finally:
            connection.close()


_AS_LAMBDA: Final = {
    "Authorization": "AWS4-HMAC-SHA256 Credential=local/20260101/eu-west-1/lambda/aws4_request, "
    "SignedHeaders=host, Signature=none"
}


@contextmanager
def serve(endpoint: Endpoint) -> Iterator[str]:
    """Answer while the context lasts; yield where."""
    server = ThreadingHTTPServer((HOST, 0), _handler(endpoint))
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True, name="endpoint").start()
    try:
        yield f"http://{HOST}:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def _handler(endpoint: Endpoint) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def handle_any(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            headers = dict(self.headers.items())
            request = Request(method=self.command, target=self.path, headers=headers, body=body)
            reply = endpoint.answer(request)
            self.send_response_only(reply.status)
            for name, value in reply.headers.items():
                if name.lower() not in HOP_BY_HOP:
                    self.send_header(name, value)
            length = len(reply.body)
            if self.command == "HEAD":
                length = int(reply.headers.get("Content-Length", 0))
            self.send_header("Content-Length", str(length))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(reply.body)

        do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = do_PATCH = handle_any  # noqa: N815 - http.server's names

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    return Handler


def _event(request: Request, path: str) -> dict[str, Any]:
    """Return a request as API Gateway's REST proxy words it."""
    query = parse_qs(urlsplit(request.target).query)
    return {
        "resource": path,
        "path": path,
        "httpMethod": request.method,
        "headers": dict(request.headers),
        "multiValueHeaders": {name: [value] for name, value in request.headers.items()},
        "queryStringParameters": {name: values[-1] for name, values in query.items()} or None,
        "multiValueQueryStringParameters": query or None,
        "pathParameters": None,
        "stageVariables": None,
        "requestContext": {
            "httpMethod": request.method,
            "resourcePath": path,
            "path": f"/v1{path}",
            "requestId": str(uuid4()),
            "identity": {"sourceIp": "192.0.2.1"},
        },
        "body": request.body.decode() or None,
        "isBase64Encoded": False,
    }


def _described(body: bytes) -> bytes:
    """Return an API's document as far as moto reads it: no Swagger 2, which Chalice writes; one route."""
    told = json.loads(body)
    uri = next(iter(told["paths"]["/health"].values()))["x-amazon-apigateway-integration"]["uri"]
    integration = {"type": "MOCK", "httpMethod": "POST", "uri": uri}
    route = {
        "responses": {"200": {"description": ""}},
        "x-amazon-apigateway-integration": integration,
    }
    info = {"title": told["info"]["title"], "version": "1", "description": f"{len(told['paths'])} routes"}
    return json.dumps({"openapi": "3.0.1", "info": info, "paths": {"/health": {"get": route}}}).encode()


def _without_code(body: bytes) -> tuple[bytes, bytes]:
    """Return a request with a stub for the code, and the code in base64: 30 MB that are never parsed."""
    before, named, rest = body.partition(b'"ZipFile": "')
    if not named:
        return body, b""
    code, _, after = rest.partition(b'"')
    return before + named + _stub() + b'"' + after, code


def _stub() -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as zipped:
        zipped.writestr("app.py", "")
    return base64.b64encode(made.getvalue())


def _json(status: int, told: object) -> Reply:
    return Reply(status=status, headers={"Content-Type": "application/json"}, body=json.dumps(told).encode())
