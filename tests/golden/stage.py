"""A whole service as a release left it: rows, items, objects, and what was in people's hands.

KMS keys can't be taken along. What they wrapped is written down beside its encryption context, and is wrapped
again, with that context, by a key of the test; every byte that was sealed with it stays as it was.
"""

import json
import secrets
from base64 import b64encode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from psycopg2.extensions import cursor as Cursor  # noqa: N812 - psycopg2's own lower case

from chalicelib.clients.aws import aws_client
from chalicelib.clients.kms import Kms
from chalicelib.settings import Settings
from local.aws import REGION, ensure_bucket, ensure_egress_table
from local.database import connected, migrate
from tests.conftest import Parts
from tests.golden.records import HERE
from tests.world import World

STAGE = "stage.json"
RELEASES = tuple(sorted(path.parent.name for path in HERE.glob(f"*/{STAGE}")))


@dataclass(frozen=True)
class Places:
    """A vault, an egress table and a bucket that no other test uses."""

    vault: str
    egress: str
    evidence: str

    @classmethod
    def fresh(cls) -> "Places":
        """Make them."""
        name = f"golden-{secrets.token_hex(6)}"
        places = cls(f"{name}-vault", f"{name}-egress", f"{name}-evidence")
        dynamodb = aws_client("dynamodb", REGION, None)
        dynamodb.create_table(
            TableName=places.vault,
            AttributeDefinitions=[{"AttributeName": "user_id", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "user_id", "KeyType": "HASH"}],
            BillingMode="PAY_PER_REQUEST",
        )
        ensure_egress_table(dynamodb, places.egress)
        ensure_bucket(aws_client("s3", REGION, None), places.evidence)
        return places

    def of(self, settings: Settings) -> Settings:
        """Return settings that name these places."""
        return replace(
            settings, vault_table=self.vault, egress_table=self.egress, evidence_bucket=self.evidence
        )

    def items(self, table: str) -> list[dict[str, Any]]:
        """Return the items of a table, with binary values as hexadecimal."""
        found = aws_client("dynamodb", REGION, None).scan(TableName=table)["Items"]
        return sorted(
            ({name: _as_text(value) for name, value in item.items()} for item in found), key=json.dumps
        )

    def fill(self, table: str, items: list[dict[str, Any]]) -> None:
        """Put such items."""
        client = aws_client("dynamodb", REGION, None)
        for item in items:
            client.put_item(TableName=table, Item={name: _from_text(value) for name, value in item.items()})

    def objects(self) -> dict[str, str]:
        """Return the objects in the bucket."""
        s3 = aws_client("s3", REGION, None)
        keys = [each["Key"] for each in s3.list_objects_v2(Bucket=self.evidence).get("Contents", [])]
        return {
            key: s3.get_object(Bucket=self.evidence, Key=key)["Body"].read().decode() for key in sorted(keys)
        }

    def fill_bucket(self, objects: Mapping[str, str]) -> None:
        """Put such objects."""
        for key, body in objects.items():
            aws_client("s3", REGION, None).put_object(Bucket=self.evidence, Key=key, Body=body.encode())


def _as_text(value: Mapping[str, Any]) -> dict[str, Any]:
    return {kind: bytes(each).hex() if kind == "B" else each for kind, each in value.items()}


def _from_text(value: Mapping[str, Any]) -> dict[str, Any]:
    return {kind: bytes.fromhex(each) if kind == "B" else each for kind, each in value.items()}


def read(release: str, settings: Settings) -> dict[str, Any]:
    """Return what a release left, with its keys wrapped by the KMS keys of these settings."""
    text = (HERE / release / STAGE).read_text(encoding="utf-8")
    told = json.loads(text)
    client = aws_client("kms", settings.aws_region, settings.aws_endpoint_url)
    keys = {"data": settings.kms_key_id, "signing": settings.signing_kms_key_id}
    for each in told["wrapped"]:
        again = Kms(client, keys[each["by"]]).encrypt(bytes.fromhex(each["plain"]), each["context"])
        before = bytes.fromhex(each["wrapped"])
        text = text.replace(before.hex(), again.hex())
        text = replaced(text, b64encode(before).decode(), b64encode(again).decode())
    for by, key_id in told["kms_keys"].items():
        text = replaced(text, key_id, keys[by])
    return dict(json.loads(text))


def replaced(text: str, before: str, after: str) -> str:
    """Return a text with another text replaced in it, plain and as hexadecimal."""
    return text.replace(before, after).replace(before.encode().hex(), after.encode().hex())


def load(owner_url: str, told: Mapping[str, Any]) -> None:
    """Bring an empty database to what a release left, and from there to the present schema."""
    migrate(owner_url, told["revision"])
    names = list(told["rows"])
    with connected(owner_url) as connection, connection.cursor() as cursor:
        for name in names:
            cursor.execute(f"ALTER TABLE {name} DISABLE TRIGGER USER")
        cursor.execute(f"TRUNCATE {', '.join(names)}")
        for name, rows in told["rows"].items():
            cursor.execute(
                f"INSERT INTO {name} OVERRIDING SYSTEM VALUE"  # noqa: S608 - names of a golden file
                f" SELECT * FROM json_populate_recordset(NULL::{name}, %s)",
                (json.dumps(rows),),
            )
            cursor.execute(f"ALTER TABLE {name} ENABLE TRIGGER USER")
        _let_sequences_go_on(cursor)
    migrate(owner_url)


class Yesterday(World):
    """A service on what an earlier release left."""

    told: Mapping[str, Any]
    places: Places

    @property
    def held(self) -> Mapping[str, Any]:
        """What people, backends and auditors hold."""
        held: Mapping[str, Any] = self.told["held"]
        return held


def _let_sequences_go_on(cursor: Cursor) -> None:
    cursor.execute(
        "SELECT table_name, column_name FROM information_schema.columns"
        " WHERE table_schema = 'public' AND is_identity = 'YES'"
    )
    for table, column in cursor.fetchall():
        cursor.execute(
            f"SELECT setval(pg_get_serial_sequence(%s, %s), max({column})) FROM {table}",  # noqa: S608 - names PostgreSQL told us
            (table, column),
        )


@dataclass(frozen=True)
class Left:
    """What a release left, and a database to copy that holds it."""

    told: Mapping[str, Any]
    template: str


def left_by(parts: Parts, release: str) -> Left:
    """Return what a release left, loaded into a template."""
    template = f"golden_template_{release}"
    told = read(release, parts.settings(template))
    parts.postgres.drop_database(template)
    load(parts.postgres.create_database(template), told)
    return Left(told=told, template=template)


@contextmanager
def yesterday(parts: Parts, left: Left, receiver_url: str) -> Iterator[Yesterday]:
    """Yield the present code on what a release left, at the moment when it left it."""
    name, places = f"golden_{secrets.token_hex(6)}", Places.fresh()
    told, sent_to = left.told, left.told["receiver"]
    owner_url = parts.postgres.create_database(name, left.template)
    places.fill(places.vault, told["vault"])
    places.fill(places.egress, json.loads(replaced(json.dumps(told["egress"]), sent_to, receiver_url)))
    places.fill_bucket(told["evidence"])
    world = Yesterday(places.of(parts.settings(name)), owner_url, parts.people)
    world.told, world.places = told, places
    world.clock.jump(datetime.fromisoformat(told["now"]) - world.clock.now())
    world.execute("UPDATE webhook_endpoints SET address = %s WHERE address = %s", receiver_url, sent_to)
    try:
        yield world
    finally:
        world.close()
        parts.postgres.drop_database(name)


def folder(release: str) -> Path:
    """Return where what a release left is written."""
    return HERE / release / STAGE
