"""What `/openapi.json` promises, held against the real thing by schemathesis: generated, stateful, seeded."""

import os
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import replace

import pytest

from local.dev_server import DevAnswer, serving
from local.places import PROJECT
from local.server import create_server
from tests.world import Phone, World

SCHEMATHESIS = PROJECT / ".venv-security" / "bin" / "schemathesis"
SETTINGS = PROJECT / "tests" / "security" / "schemathesis.toml"
HOOKS = "tests.security.session_of_the_day"
SECONDS = "60"  # how long it searches; the seed makes two runs alike as far as both get
SECONDS_MAX = 600


@pytest.fixture
def unlimited(world: World) -> World:
    """The service without rate limits, which would answer most of what comes."""
    world.settings = replace(world.settings, limits_are_lifted=True)
    world.services = world.container()
    return world


@pytest.fixture
def url(unlimited: World) -> Iterator[str]:
    """It behind the local stack's own server."""
    server = create_server(unlimited.app, 0)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.drain()
        thread.join()


@pytest.fixture
def gives(unlimited: World) -> Iterator[str]:
    """Where schemathesis gets a bearer that works now, and the body of a sign-in that will."""
    ana, eva = unlimited.person(), unlimited.person("eva@example.com", device="device-2")
    answers = {
        ("GET", "/bearer"): lambda _form: DevAnswer(200, bearer(ana)),
        ("GET", "/sign-in"): lambda _form: DevAnswer(200, eva.sign_in_body()),
    }
    with serving(answers, "gives") as place:
        yield place


def bearer(phone: Phone) -> str:
    if not phone.answer or phone.get("/account").status != 200:
        assert phone.sign_in().status == 200
    return phone.access_token


def test_the_service_does_what_its_description_says(url: str, gives: str) -> None:
    command = (
        str(SCHEMATHESIS),
        "--config-file",
        str(SETTINGS),
        "run",
        f"{url}/openapi.json",
        "--url",
        url,
        "--max-time",
        SECONDS,
    )
    environment = os.environ | {"SCHEMATHESIS_HOOKS": HOOKS, "SERENYA_GIVES": gives, "NO_COLOR": "1"}
    done = subprocess.run(  # noqa: S603 - the tool that requirements-security.txt pins
        command,
        cwd=PROJECT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=SECONDS_MAX,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
