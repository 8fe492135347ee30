"""A client that was generated from the served description signs in and stays signed in."""

import importlib
import json
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any
from uuid import UUID

import pytest
from openapi_python_client import generate
from openapi_python_client.config import Config, ConfigFile, MetaType

from local.server import create_server
from tests.world import REQUIRED, World

PACKAGE = "generated_serenya_client"


@pytest.fixture
def url(world: World) -> Iterator[str]:
    """The world behind the local stack's own server."""
    server = create_server(world.app, 0)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.drain()
        thread.join()


@pytest.fixture
def client(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The package that openapi-python-client makes of /openapi.json."""
    description = tmp_path / "openapi.json"
    whole = world.call("GET", "/openapi.json").body
    paths = {path: each for path, each in whole["paths"].items() if not path.startswith("/events/")}
    description.write_text(json.dumps(whole | {"paths": paths}))  # events are providers' to send, as JWTs
    config = Config.from_sources(
        ConfigFile(package_name_override=PACKAGE, post_hooks=[]),
        MetaType.NONE,
        document_source=description,
        file_encoding="utf-8",
        overwrite=True,
        output_path=tmp_path / PACKAGE,
    )
    assert list(generate(config=config)) == []  # neither errors nor warnings
    monkeypatch.syspath_prepend(str(tmp_path))
    for name in [name for name in sys.modules if name.split(".")[0] == PACKAGE]:
        monkeypatch.delitem(sys.modules, name)
    return importlib.import_module(PACKAGE)


def part(path: str) -> Any:  # noqa: ANN401 - generated
    return importlib.import_module(f"{PACKAGE}.{path}")


def test_a_generated_client_signs_in_and_refreshes(world: World, url: str, client: ModuleType) -> None:
    models, ana = part("models"), world.person()
    body = models.GoogleSignIn.from_dict(ana.sign_in_body())
    with client.Client(base_url=url) as anyone:
        signed_in = part("api.sign_in.sign_in_with_google").sync(client=anyone, body=body)
        assert isinstance(signed_in, models.Tokens)
        assert (signed_in.is_new_user, signed_in.user.email) == (True, ana.email)
        again = models.RefreshRequest(refresh_token=signed_in.refresh_token)
        refreshed = part("api.sessions.refresh").sync(client=anyone, body=again)
    assert isinstance(refreshed, models.Tokens)
    assert refreshed.session.id == signed_in.session.id
    assert refreshed.refresh_token != signed_in.refresh_token


def test_a_generated_client_reads_its_sessions_and_logs_out(
    world: World, url: str, client: ModuleType
) -> None:
    ana = world.person()
    ana.sign_in()
    with client.AuthenticatedClient(base_url=url, token=ana.access_token) as own:
        listed = part("api.sessions.list_sessions").sync(client=own)
        assert [session.id for session in listed.sessions] == [UUID(ana.session_id)]
        body = part("models").LogoutRequest()
        assert part("api.sessions.logout").sync_detailed(client=own, body=body).status_code == 204
        told = part("api.sessions.list_sessions").sync(client=own)
    assert told.code == "session_revoked"


def test_a_generated_client_reads_a_problem_and_what_it_asks_for(
    world: World, url: str, client: ModuleType
) -> None:
    body = part("models").GoogleSignIn.from_dict(world.person().sign_in_body(consents=[]))
    with client.Client(base_url=url) as anyone:
        problem = part("api.sign_in.sign_in_with_google").sync(client=anyone, body=body)
    assert (problem.status, problem.code, problem.action) == (403, "consent_required", "accept_consents")
    assert {gap.document for gap in problem.consents_missing} == set(REQUIRED)
