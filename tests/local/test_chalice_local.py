"""`chalice local --stage dev` serves everybody, with the settings of a stack that runs."""

import json
import os
import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime
from http.client import HTTPResponse
from pathlib import Path
from typing import Any

import pytest

from chalicelib.routes.all import ROUTES
from chalicelib.routes.route import Admission
from local.aws import aws_environment
from local.children import HOST, end, free_port
from local.deployed import copied
from tests.conftest import TEMPLATE, Parts
from tests.world import World

OPEN = [route for route in ROUTES if route.access.admission is not Admission.aws_iam]


@pytest.fixture(scope="module")
def chalice(parts: Parts, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of Chalice's own server, started as a developer types it.

    In a copy: where files change, PostgreSQL's below `.local` among them, it restarts.
    """
    port, log = free_port(), tmp_path_factory.mktemp("chalice") / "log"
    name = f"chalice_{os.getpid()}"
    owner_url = parts.postgres.create_database(name, TEMPLATE)
    environment = parts.environment(name) | aws_environment(parts.aws.endpoint_url)
    program = Path(sys.executable).with_name("chalice")
    with log.open("wb") as said:
        process = subprocess.Popen(  # noqa: S603 - our own
            (program, "local", "--stage", "dev", "--port", str(port)),
            cwd=copied(tmp_path_factory.mktemp("project") / "copy"),
            env={"PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1", **environment},
            stdout=said,
            stderr=subprocess.STDOUT,
        )
    try:
        while not is_open(port):
            assert process.poll() is None, log.read_text()
            time.sleep(0.1)
        yield f"http://{HOST}:{port}"
        assert "Traceback" not in log.read_text()
    finally:
        end(process.pid)
        process.wait()
        assert owner_url
        parts.postgres.drop_database(name)


def is_open(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((HOST, port)) == 0


def asked(url: str, method: str, body: object = None, token: str | None = None) -> tuple[int, Any]:
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, headers, method=method)  # noqa: S310 - our own server
    try:
        with urllib.request.urlopen(request) as answer:  # noqa: S310 - the same
            return read(answer)
    except urllib.error.HTTPError as refused:
        return refused.code, json.loads(refused.read())


def read(answer: HTTPResponse) -> tuple[int, Any]:
    return answer.status, json.loads(answer.read() or b"null")


@pytest.mark.parametrize("route", OPEN, ids=lambda route: f"{route.method} {route.path}")
def test_every_route_is_served_by_chalice_s_own_server(chalice: str, route: Any) -> None:  # noqa: ANN401 - of any services
    path = re.sub(r"\{\w+\}", "0198b2c4-5d6e-7f80-91a2-b3c4d5e6f708", route.path)
    status, body = asked(chalice + path, route.method, {} if route.method in {"POST", "PATCH"} else None)
    assert status < 500, body
    assert status < 400 or "code" in body or "err" in body or "error" in body


def test_people_sign_up_refresh_and_read_their_account_there(chalice: str, world: World) -> None:
    person = world.person("chalice@example.com")
    id_token = person.id_token(now=datetime.now(UTC))
    status, tokens = asked(f"{chalice}/auth/google", "POST", person.sign_in_body(id_token))
    assert (status, tokens["is_new_user"]) == (200, True)
    status, tokens = asked(f"{chalice}/auth/refresh", "POST", {"refresh_token": tokens["refresh_token"]})
    assert status == 200
    status, account = asked(f"{chalice}/account?q=1", "GET", token=tokens["access_token"])
    assert (status, account["email"]) == (200, person.email)
