"""After an erasure nothing that was planted is found: in the database, the vault, S3 or the log."""

import io
from base64 import b64encode, urlsafe_b64encode
from typing import Any

import pytest

from chalicelib.clients.aws import aws_client
from chalicelib.routes.all import ROUTES
from chalicelib.routes.route import Admission, Route
from local.dev_google import subject_for
from tests.http.test_bearer import ask
from tests.http.test_erasure import erase
from tests.world import Phone, World

EMAIL = "quetzalli.planted@example.com"
NAME = "Quetzalli Plantedname"
DEVICE = "planted-device-0042"
CHOSEN = "Quetza the Planted"
RAW = (str, bytes, memoryview)
PLANTED = (EMAIL, NAME, "Quetzalli", "Plantedname", DEVICE, CHOSEN, subject_for(EMAIL))
BEARER_ROUTES = [
    route for route in ROUTES if route.access.admission is Admission.bearer and not route.parameters
]


def spellings(text: str) -> list[bytes]:
    raw = text.encode()
    return [
        *(raw, raw.lower(), raw.upper(), raw.hex().encode()),
        *(b64encode(raw).rstrip(b"="), urlsafe_b64encode(raw).rstrip(b"=")),
    ]


def database(world: World) -> bytes:
    """Return every row of every table as text, binary columns in hex and as they are."""
    names = world.rows("SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'")
    found: list[bytes] = []
    for (name,) in names:
        rows = world.rows(f"SELECT t::text, t.* FROM {name} t")  # noqa: S608 - names PostgreSQL told us
        found += [as_bytes(value) for row in rows for value in row if isinstance(value, RAW)]
    return b"\n".join(found)


def as_bytes(value: str | bytes | memoryview) -> bytes:
    return value.encode() if isinstance(value, str) else bytes(value)


def outside(world: World) -> bytes:
    """Return all that the vault and the evidence bucket hold."""
    settings = world.settings
    dynamodb = aws_client("dynamodb", settings.aws_region, settings.aws_endpoint_url)
    s3 = aws_client("s3", settings.aws_region, settings.aws_endpoint_url)
    pages = dynamodb.get_paginator("scan").paginate(TableName=settings.vault_table)
    found = [repr(item).encode() for page in pages for item in page["Items"]]
    for listed in s3.get_paginator("list_objects_v2").paginate(Bucket=settings.evidence_bucket):
        for item in listed.get("Contents", ()):
            body = s3.get_object(Bucket=settings.evidence_bucket, Key=item["Key"])["Body"].read()
            found += [item["Key"].encode(), body]
    return b"\n".join(found)


def live_a_little(world: World) -> Phone:
    phone = world.person(EMAIL, NAME, DEVICE)
    for _ in range(2):
        assert phone.sign_in().status == 200
    body = {"display_name": CHOSEN, "language": "es-MX", "time_zone": "America/Mexico_City"}
    assert world.call("PATCH", "/account", body, token=phone.access_token).status == 200
    assert phone.refresh().status == 200
    assert CHOSEN in str(phone.get("/account/export").body)
    return phone


def test_nothing_that_was_planted_is_left_anywhere(world: World, lines: io.StringIO) -> None:
    phone = live_a_little(world)
    assert erase(phone).status == 200
    world.services.recovery.sweep()
    whole = b"\n".join([database(world), outside(world), lines.getvalue().encode()])
    assert phone.user_id.encode() in whole  # it looked at the right place: history stands by this id
    for planted in PLANTED:
        assert not [spelling for spelling in spellings(planted) if spelling in whole], planted
    assert phone.user_id not in world.vault_keys()


@pytest.mark.parametrize("route", BEARER_ROUTES, ids=lambda route: route.operation_id)
def test_the_tokens_of_an_erased_person_open_nothing(world: World, route: Route[Any]) -> None:
    phone = world.person()
    phone.sign_in()
    assert erase(phone).status == 200
    reply = ask(world, route, phone.access_token)
    if route.operation_id == "erase_account":
        assert (
            reply.body["erasure"]["state"] == "completed"
        )  # a lost answer is told again, to this token only
        return
    assert (reply.status, reply.code) == (401, "session_revoked")  # F-23
