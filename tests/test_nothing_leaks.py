"""Nothing personal and nothing that can be presented stays behind: in no row, log or vault."""

import json
import logging
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from io import StringIO
from urllib.parse import quote

import pytest

from chalicelib.observation import log
from local.dev_google import subject_for
from tests.conftest import Parts
from tests.consenting import AI, answer, withdraw
from tests.first_texts import yes
from tests.leaks import dumped, leaked, vault_items
from tests.world import Phone, World

EMAIL, NAME = "Planted.Person+x@secret-clinic.example", "Plánted Persónname"
DEVICE_ID, OTHER_DEVICE_ID = "planted-device-4711", "planted-device-2"
OF_DEVICE = {"name": "Plánted's own phone", "model": "PlantedModel 9", "os_version": "77.1.planted"}
DEVICE = {"platform": "ios"} | OF_DEVICE
PERSONAL = {EMAIL, NAME, "Persónname", DEVICE_ID, OTHER_DEVICE_ID, subject_for(EMAIL), *OF_DEVICE.values()}
CHATTY = ("sqlalchemy", "serenya-auth", "chalicelib", "urllib3", "google")


@dataclass
class Scene:
    """A world that logs all it can, and what was planted in it."""

    world: World
    json_lines: StringIO
    secrets: set[str] = field(default_factory=set)

    def plant(self, *values: str) -> None:
        for value in values:
            self.secrets.add(value)
            self.secrets.update(part for part in value.split(".") if len(part) > 20)

    def phone(self, device: str = DEVICE_ID) -> Phone:
        return self.world.person(EMAIL, NAME, device)

    def keep(self, phone: Phone) -> None:
        self.plant(phone.access_token, phone.refresh_token)


@pytest.fixture
def scene(world: World, caplog: pytest.LogCaptureFixture) -> Iterator[Scene]:
    before = logging.getLogger().handlers[:]
    lines = StringIO()
    log.install(lines)
    logging.getLogger().handlers[:] = [*logging.getLogger().handlers, *before]
    for name in CHATTY:
        caplog.set_level(logging.DEBUG, logger=name)
    caplog.set_level(logging.INFO, logger="botocore")
    caplog.set_level(logging.DEBUG)
    for name in (
        "botocore",
        "boto3",
    ):  # at DEBUG it prints what KMS answers; a deployed function says WARNING
        logging.getLogger(name).setLevel(logging.INFO)
    with world.owner() as cursor:
        cursor.execute(f"ALTER DATABASE {cursor.connection.info.dbname} SET log_statement = 'all'")
    loud = World(world.settings, world.owner_url, world.people)  # its engine sees the levels set above
    yield Scene(loud, lines)
    loud.close()
    logging.getLogger().handlers[:] = before


def sign_in(scene: Scene, phone: Phone, **changes: object) -> None:
    nonce = scene.world.call("POST", "/auth/challenge").body["nonce"]
    token = phone.id_token(nonce=nonce, picture="https://img.example/planted-picture-771")
    scene.plant(nonce, token, "planted-picture-771")
    body = {"nonce": nonce, "device": {"id": phone.device} | DEVICE} | changes
    assert phone.sign_in(token, **body).status == 200
    assert phone.sign_in(token, **body).status == 200  # the retry
    scene.keep(phone)


def refuse(scene: Scene, phone: Phone) -> None:
    """Walk through what is refused, with planted values in every place."""
    world = scene.world
    token = phone.id_token(now=world.clock.now() - timedelta(hours=2))
    forged = phone.access_token[:-8] + "AAAAAAAA"
    scene.plant(token, forged)
    assert phone.sign_in(token).code == "id_token_expired"
    assert phone.sign_in(token[:-4] + "AAAA").code == "invalid_id_token"
    assert phone.sign_in(EMAIL).code == "invalid_id_token"
    assert phone.sign_in(nonce=EMAIL).status == 401
    assert world.call("POST", "/auth/google", {EMAIL: NAME, "id_token": 7}).status == 400
    assert world.call("POST", "/auth/google", f'{{"{EMAIL}": ').status == 400
    altered = {"refresh_token": phone.refresh_token[:-4] + "AAAA"}
    assert world.call("POST", "/auth/refresh", altered).status == 401
    assert world.call("POST", "/auth/refresh", {"refresh_token": EMAIL}).status == 401
    assert world.call("GET", "/account", token=forged).status == 401
    assert world.call("GET", "/account", headers={"x-device-id": DEVICE_ID}).status == 401
    assert world.call("DELETE", f"/sessions/{DEVICE_ID}", token=phone.access_token).status == 404
    consents = [{"document": NAME, "version": EMAIL, "granted": True}]
    assert phone.sign_in(consents=consents).status == 400
    stranger = world.person("x" + EMAIL, NAME)
    scene.plant("x" + EMAIL)
    assert stranger.sign_in(consents=[]).code == "consent_required"


def fail(scene: Scene, phone: Phone) -> None:
    """Let the database refuse and conflict, so that both sides log statements with their values."""
    world = scene.world
    with world.owner() as cursor:
        cursor.execute("REVOKE INSERT ON audit_events FROM serenya_operators, serenya_functions")
        assert phone.refresh().status == 503
        assert phone.sign_in().status == 503
        cursor.execute("GRANT INSERT ON audit_events TO serenya_operators, serenya_functions")
        cursor.execute("BEGIN")
        cursor.execute("SELECT * FROM sessions FOR UPDATE")
        assert phone.refresh().status == 503
        cursor.execute("ROLLBACK")


def live(scene: Scene) -> None:
    """Use every route that there is, well and badly."""
    world, phone, other = scene.world, scene.phone(), scene.phone(OTHER_DEVICE_ID)
    sign_in(scene, phone)
    sign_in(scene, other)
    for path in ("/account", "/sessions", "/consents"):
        assert phone.get(path).status == 200
    for reply in (answer(phone, yes(AI)), withdraw(phone, AI)):
        assert reply.status == 200
        scene.plant(reply.body["access_token"])
    scene.plant(phone.get("/consents/receipt").body["receipt"])
    for path in ("/consents/documents", "/.well-known/jwks.json", "/health", "/health/ready"):
        assert world.call("GET", path).status == 200
    refuse(scene, phone)
    fail(scene, phone)
    stale = phone.refresh_token
    for _ in range(2):
        assert phone.refresh().status == 200
        scene.keep(phone)
    assert phone.delete(f"/sessions/{other.session_id}").status == 204
    assert world.call("POST", "/auth/refresh", {"refresh_token": stale}).code == "refresh_token_reused"
    late = scene.phone()
    sign_in(scene, late)
    assert late.logout(refresh_token=late.refresh_token).status == 204
    world.suspend(phone.user_id)
    assert scene.phone().sign_in().code == "account_suspended"


def server_log(parts: Parts) -> bytes:
    return (parts.postgres.directory / "postgres.log").read_bytes()


def test_no_planted_value_is_left_anywhere(
    scene: Scene, parts: Parts, caplog: pytest.LogCaptureFixture
) -> None:
    live(scene)
    planted = PERSONAL | scene.secrets
    left = {
        "rows": dumped(parts.postgres, scene.world),
        "PostgreSQL's log": server_log(parts),
        "the vault": vault_items(scene.world),
        "our log": scene.json_lines.getvalue().encode(),
        "every logger": "\n".join(_told(record) for record in caplog.records).encode(),
    }
    found = {place: leaked(content, planted) for place, content in left.items()}
    assert not any(found.values()), found
    # and all of them were looked at: each holds what it should
    assert b"INSERT INTO public.sessions" in left["rows"]
    assert b".rotate_session(" in left["PostgreSQL's log"]
    assert b"wrapped_key" in left["the vault"]
    assert b'"code": "refresh_token_reused"' in left["our log"]
    assert b"POST / HTTP/1.1" in left["every logger"]  # of what libraries say while they debug


def _told(record: logging.LogRecord) -> str:
    text = logging.Formatter().format(record)
    return text + json.dumps(getattr(record, "fields", {}), default=str)


@pytest.mark.parametrize("column", ["users.profile", "identities.subject", "devices.description"])
def test_the_search_finds_what_is_planted_in_a_row(world: World, parts: Parts, column: str) -> None:
    table, name = column.split(".")
    world.person().sign_in()
    with world.owner() as cursor:
        cursor.execute(f"UPDATE {table} SET {name} = %s", (f"..{EMAIL}".encode(),))  # noqa: S608 - constants
    assert leaked(dumped(parts.postgres, world), PERSONAL) == {EMAIL}


@pytest.mark.parametrize("form", ["{}", "id={}&", "..{}..", "x{}"])
def test_the_search_knows_every_spelling(form: str) -> None:
    told = form.format(NAME).encode()
    encoded = (b64encode(told), urlsafe_b64encode(told), told.hex().encode(), quote(told).encode())
    for spelling in (told, *encoded):
        assert leaked(b"before " + spelling + b" after", [NAME, EMAIL]) == {NAME}
