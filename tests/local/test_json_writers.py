"""The bodies that the JSON writers of four platforms make for a sign-up sign up, byte for byte.

Dart's `jsonEncode` and .NET's `System.Text.Json` write `null` for what is absent; .NET escapes all but ASCII,
and what HTML minds; Swift's `JSONEncoder` escapes slashes; kotlinx.serialization writes defaults. dart:io and
.NET send such a body in chunks.
"""

import json
import socket
import threading
from collections.abc import Iterator
from http.client import HTTPResponse
from typing import Any

import pytest

from chalicelib.domain.providers import APPLE
from local.children import HOST
from local.server import Server, create_server
from tests.world import REQUIRED, Phone, World

CONSENTS = ",".join(f'{{"document":"{kind}","version":"1.0","granted":true}}' for kind in REQUIRED)
NULLS = CONSENTS.replace("}", ',"locale":null,"method":null}')
DART = (
    '{"id_token":"ID_TOKEN","nonce":null,"authorization_code":null,'
    '"user":{"name":{"given_name":"Ana","family_name":""}},'
    '"device":{"id":"d-dart","platform":"android","name":"","model":null,"os_version":"15","app_version":null},'
    f'"consents":[{NULLS}]}}'
)
SWIFT = (
    '{"consents":[' + CONSENTS.replace('"1.0"', '"1.0","locale":""') + '],"id_token":"ID_TOKEN","device":'
    '{"platform":"ios","name":"Ana\u2019s iPhone","model":"iPhone17,1","app_version":"2.1.0\\/7 (App Store)",'
    '"id":"0F8FAD5B-D9CB-469F-A165-70867728950E","os_version":"Mozilla\\/5.0 (iPhone; CPU iPhone OS 18_0)"},'
    '"authorization_code":"","user":{"name":{"family_name":"","given_name":"Ana"}}}'
)
KOTLIN = (
    '{\n    "id_token": "ID_TOKEN",\n    "nonce": null,\n    "device": {\n        "id": "d-kotlin",\n'
    '        "platform": "android",\n        "name": "Pixel 9 Pro \U0001f44d",\n'
    '        "model": "FINGERPRINT",\n'
    '        "os_version": null,\n        "app_version": null\n    },\n    "user": null,\n'
    f'    "authorization_code": null,\n    "consents": [{CONSENTS}]\n}}'
).replace("FINGERPRINT", "google\\/caiman\\/caiman:15\\/AP4A.250105.002\\/12701944:user\\/release-keys" * 3)
DOTNET = (
    '{"id_token":"ID_TOKEN","nonce":null,"device":{"id":"d-dotnet","platform":"ios",'
    '"name":"Ana\\u0027s \\u00ABTel\\u00E9fono\\u00BB \\uD83D\\uDC4D","model":null,"os_version":null,'
    '"app_version":"1.0\\u002B7"},"user":{"name":{"given_name":"Ana","family_name":null}},'
    f'"authorization_code":null,"consents":[{NULLS}]}}'
)
BODIES = {"Dart": DART, "Swift": SWIFT, "Kotlin": KOTLIN, ".NET": DOTNET}
NAMES = {
    "Dart": None,
    "Swift": "Ana\u2019s iPhone",
    "Kotlin": "Pixel 9 Pro \U0001f44d",
    ".NET": "Ana's «Teléfono» \U0001f44d",
}


@pytest.fixture
def server(world: World) -> Iterator[Server]:
    """The world behind the local stack's own server."""
    made = create_server(world.app, 0)
    thread = threading.Thread(target=made.serve_forever, daemon=True)
    thread.start()
    yield made
    made.drain()
    thread.join()


def post(server: Server, path: str, head: str, body: bytes) -> tuple[int, Any]:
    with socket.create_connection((HOST, server.server_port), timeout=60) as connection:
        connection.sendall(f"POST {path} HTTP/1.1\r\nHost: {HOST}\r\n{head}\r\n\r\n".encode() + body)
        answer = HTTPResponse(connection)
        answer.begin()
        text = answer.read()
        answer.close()
    return answer.status, json.loads(text) if text else None


def chunked(raw: bytes, size: int) -> bytes:
    parts = [raw[start : start + size] for start in range(0, len(raw), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"


def send(server: Server, path: str, text: str, *, in_chunks: bool) -> tuple[int, Any]:
    raw = text.encode()
    if in_chunks:  # the type as .NET's JsonContent and dart:io write it
        head = "Content-Type: application/json; charset=utf-8\r\nTransfer-Encoding: chunked"
        return post(server, path, head, chunked(raw, 512))
    return post(server, path, f"Content-Type: application/json\r\nContent-Length: {len(raw)}", raw)


@pytest.mark.parametrize("in_chunks", [False, True], ids=["sized", "chunked"])
@pytest.mark.parametrize("writer", BODIES)
def test_a_sign_up_as_a_platform_writes_it_signs_up(
    world: World, server: Server, writer: str, *, in_chunks: bool
) -> None:
    phone = world.person(provider=APPLE)
    text = BODIES[writer].replace("ID_TOKEN", phone.id_token())
    status, told = send(server, "/auth/apple", text, in_chunks=in_chunks)
    assert (status, told.get("is_new_user"), told.get("errors")) == (200, True, None)
    device = told["session"]["device"]
    assert device["name"] == NAMES[writer]
    assert "" not in device.values()
    assert told["user"]["name"] == (None if writer == "Kotlin" else "Ana")


@pytest.mark.parametrize("in_chunks", [False, True], ids=["sized", "chunked"])
@pytest.mark.parametrize("text", ["null", '{"refresh_token":"TOKEN","all_devices":null}'])
def test_a_logout_as_a_platform_writes_it_logs_out(
    world: World, server: Server, text: str, *, in_chunks: bool
) -> None:
    ana: Phone = world.person()
    ana.sign_in()
    raw = text.replace("TOKEN", ana.refresh_token).encode()
    sizes = "Transfer-Encoding: chunked" if in_chunks else f"Content-Length: {len(raw)}"
    head = f"Content-Type: application/json\r\nAuthorization: Bearer {ana.access_token} \r\n{sizes}"
    assert post(server, "/auth/logout", head, chunked(raw, 7) if in_chunks else raw) == (204, None)
    assert ana.refresh().code == "session_revoked"


def test_an_app_on_the_web_reads_what_the_gateway_answers_by_itself(world: World, server: Server) -> None:
    origin = "https://app.example.com"
    object.__setattr__(world.services, "cors_origins", (origin,))
    for target in ("/nowhere", "/auth/google"):
        with socket.create_connection((HOST, server.server_port), timeout=60) as connection:
            connection.sendall(f"BREW {target} HTTP/1.1\r\nHost: {HOST}\r\nOrigin: {origin}\r\n\r\n".encode())
            answer = HTTPResponse(connection)
            answer.begin()
            assert answer.status in {404, 405}
            assert answer.headers["Access-Control-Allow-Origin"] == origin
            assert "Retry-After" in answer.headers["Access-Control-Expose-Headers"]


def test_head_and_options_reach_the_handler(server: Server) -> None:
    for method, status in (("HEAD", 200), ("OPTIONS", 204)):
        with socket.create_connection((HOST, server.server_port), timeout=60) as connection:
            connection.sendall(f"{method} /health HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode())
            answer = HTTPResponse(connection, method=method)
            answer.begin()
            assert (answer.status, answer.read()) == (status, b"")
