"""Rehearse the worst day: a backup from before an erasure is restored. Real PostgreSQL, pg_dump, moto, HTTP.

Each step proves something, or the drill fails. Nothing of a running stack is touched: the drill has a server,
an AWS and databases of its own.
"""

import logging
import secrets
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit, urlunsplit
from uuid import UUID

from chalicelib import wiring
from chalicelib.assembly.database import connect_as
from chalicelib.clients.aws import aws_client
from chalicelib.clients.key_vault import KeyVault
from chalicelib.functions import release
from chalicelib.services.ports import Act
from chalicelib.settings import Settings, from_environment
from local import drill_audit
from local.aws import LocalAws
from local.database import prepare_database
from local.dev_google import DevGoogle
from local.dev_providers import DevProviders
from local.drill_database import DrillError, client, database_of, rows
from local.drill_phone import Phone, Service
from local.invoke import enter
from local.places import LOCAL, make_directory
from local.postgres import EmbeddedPostgres
from local.stack import environment

ISSUER: Final = "https://drill.test"
OPERATOR: Final = Act(request_id="drill", locale="en")
OK: Final = 200
UNAVAILABLE: Final = 503
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where it happens: a migrated database with documents and keys, and what the service stands on."""

    postgres: EmbeddedPostgres
    owner_url: str
    settings: Settings
    google: DevGoogle
    folder: Path


def run() -> None:
    """Bring up parts of the drill's own, perform it, and print what it proved. Raises: StackError."""
    logging.getLogger().addHandler(logging.NullHandler())  # only what is proved is printed
    with ExitStack() as parts:
        folder = make_directory(LOCAL / "drill")
        postgres = parts.enter_context(EmbeddedPostgres(folder / "postgres", durable=False))
        aws = parts.enter_context(LocalAws(folder / "aws"))
        people = DevProviders.within(LOCAL)
        providers = parts.enter_context(people.serve())
        owner_url = postgres.create_database(f"drill_{secrets.token_hex(4)}")
        parts.callback(postgres.drop_database, database_of(owner_url))
        settings = environment(
            database_url=prepare_database(owner_url),
            endpoint_url=aws.endpoint_url,
            resources=aws.provision(),
            providers=providers,
            issuer_url=ISSUER,
        )
        enter(settings)
        release.publish_documents(owner_url)
        release.rotate_keys(from_environment())
        place = Place(
            postgres=postgres,
            owner_url=owner_url,
            settings=from_environment(),
            google=people.google,
            folder=folder,
        )
        perform(place, print)


def perform(place: Place, say: Say) -> None:
    """Erase one of two people after a dump, restore the dump, and prove that it revives nobody.

    Raises: DrillError.
    """
    ana = Phone("ana@example.com", "Ana Diaz", place.google)
    ben = Phone("ben@example.com", "Ben Okafor", place.google)
    dump = place.folder / f"{database_of(place.owner_url)}.dump"
    try:
        with serving(place.settings) as service:
            before = live_until_the_erasure(place, service, ana, ben, dump, say)
        with restored(place, dump) as settings:
            with serving(settings) as service:
                prove_that_it_is_noticed(settings, service, ana, say)
            with serving(settings) as service:
                prove_the_restore(settings, service, ana, before, say)
                prove_the_record(settings, say)
                prove_that_life_goes_on(service, ana, ben, before, say)
    finally:
        dump.unlink(missing_ok=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Before:
    """What phones and operators hold from before the restore."""

    erasure: dict[str, Any]
    refresh_tokens: tuple[str, ...]
    ids: dict[str, str]


def live_until_the_erasure(
    place: Place, service: Service, ana: Phone, ben: Phone, dump: Path, say: Say
) -> Before:
    """Sign both up, dump, rotate, erase Ana."""
    for phone in (ana, ben):
        prove(phone.sign_in(service).status == OK, f"{phone.name} signed up", say)
    prove(drill_audit.seal(place.settings) > 0, "what was audited is sealed, and anchored in S3", say)
    in_the_dump = (ana.answer["refresh_token"], ben.answer["refresh_token"])
    client(place.postgres, "pg_dump", place.owner_url, "--format=custom", f"--file={dump}")
    prove(dump.stat().st_size > 0, "the database was dumped", say)
    prove(ben.refresh(service).status == OK, "Ben's refresh token was rotated after the dump", say)
    reply = service.call("DELETE", "/account", {"confirm": True}, token=ana.answer["access_token"])
    is_done = reply.status == OK and reply.body["erasure"]["state"] == "completed"
    prove(is_done, "Ana was erased, and has a receipt", say)
    prove(drill_audit.seal(place.settings) > 0, "what was audited since the dump is sealed, too", say)
    return Before(
        erasure=reply.body,
        refresh_tokens=(*in_the_dump, ben.answer["refresh_token"]),
        ids={ana.email: ana.user_id, ben.email: ben.user_id},
    )


def prove_that_it_is_noticed(settings: Settings, service: Service, ana: Phone, say: Say) -> None:
    """Look at the restored database as it came."""
    say("-- the dump is restored into a new database")
    status = rows(settings, "SELECT status FROM users WHERE id = %s", ana.user_id)
    prove(status == [("active",)], "the backup brought Ana's row back", say)
    prove(not_ready(service), "the service says that it is not ready", say)
    vault = KeyVault(
        aws_client("dynamodb", settings.aws_region, settings.aws_endpoint_url), settings.vault_table
    )
    prove(
        vault.get(UUID(ana.user_id)) is None,
        "her data key is gone from the vault: no copy of her data can be read",
        say,
    )
    reply = service.call("GET", "/account", token=ana.answer["access_token"])
    prove(not drill_audit.can_seal(settings), "its record is behind its seals, so nothing is sealed", say)
    prove(reply.status == UNAVAILABLE, "and nobody is served, but told to come back", say)


def prove_the_restore(settings: Settings, service: Service, ana: Phone, before: Before, say: Say) -> None:
    """Run the function `restore`, and look again."""
    done = service.services.recovery.restore(OPERATOR)
    say(f"-- restore: erasures repeated: {done.erasures}, sessions ended: {done.sessions}")
    prove(done.erasures == 1, "the ledger in S3 knew of the erasure", say)
    prove(not not_ready(service), "the service says that it is ready", say)
    status = rows(settings, "SELECT status FROM users WHERE id = %s", ana.user_id)
    prove(status == [("erased",)], "Ana is erased again", say)
    for table in ("identities", "devices", "sessions"):
        found = rows(settings, f"SELECT 1 FROM {table} WHERE user_id = %s", ana.user_id)  # noqa: S608 - our own names
        prove(not found, f"nothing of hers is in {table}", say)
    erasure, secret = before.erasure["erasure"], before.erasure["secret"]
    told = service.call("GET", f"/account/erasures/{erasure['id']}", token=secret)
    prove(told.status == OK, "her receipt still tells the state of the erasure", say)


def prove_the_record(settings: Settings, say: Say) -> None:
    """Seal and verify the audit record, from before the backup to now."""
    prove(drill_audit.can_seal(settings), "the record is sealed again, in the same chain", say)
    report = drill_audit.verified(settings)
    prove(report.finding is None, "every event that is left is as it was sealed", say)
    prove(report.lost, f"those that went with the backup are known: {drill_audit.lost(report)}", say)


def prove_that_life_goes_on(service: Service, ana: Phone, ben: Phone, before: Before, say: Say) -> None:
    """Try the old tokens, then sign in."""
    for token in before.refresh_tokens:
        reply = ben.refresh(service, token)
        prove(reply.body.get("code") == "session_revoked", "a refresh token from before is dead", say)
    reply = ben.sign_in(service)
    is_ben = reply.status == OK and reply.body["user"]["name"] == ben.name
    prove(is_ben and ben.user_id == before.ids[ben.email], "Ben signs in, and is who he was", say)
    reply = ana.sign_in(service)
    is_new = reply.status == OK and reply.body["is_new_user"] and ana.user_id != before.ids[ana.email]
    prove(is_new, "Ana signs in, and is somebody new", say)


def prove(holds: object, what: str, say: Say) -> None:
    """Say what was proved. Raises: DrillError."""
    if not holds:
        message = f"The drill failed. This is not so: {what}"
        raise DrillError(message)
    say(f"proved: {what}")


def not_ready(service: Service) -> bool:
    """Return whether the service says so."""
    return service.call("GET", "/health/ready").status == UNAVAILABLE


@contextmanager
def serving(settings: Settings) -> Iterator[Service]:
    """Serve a database with a fresh container while the context lasts."""
    database = connect_as(settings)
    try:
        yield Service(wiring.assemble(settings, database=database))
    finally:
        database.close()


@contextmanager
def restored(place: Place, dump: Path) -> Iterator[Settings]:
    """Restore a dump into a new database, and yield the settings of a service on it."""
    name = f"{database_of(place.owner_url)}_restored"
    owner_url = place.postgres.create_database(name, "template0")
    try:
        client(place.postgres, "pg_restore", owner_url, "--exit-on-error", str(dump))
        app_url = urlsplit(place.settings.database_url)._replace(path=f"/{name}")
        yield replace(place.settings, database_url=urlunsplit(app_url))
    finally:
        place.postgres.drop_database(name)
