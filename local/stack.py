"""Bring up the whole service on this machine, in order, and take it down again."""

import secrets
import sys
import threading
from collections.abc import Mapping
from contextlib import ExitStack
from typing import Final

import psycopg2
from botocore.exceptions import BotoCoreError, ClientError
from sqlalchemy.exc import SQLAlchemyError

from app import app, apple_client_key, egress_deliver
from chalicelib import wiring
from chalicelib.domain.errors import DependencyUnavailable
from chalicelib.domain.providers import PROVIDERS
from chalicelib.functions import release
from chalicelib.settings import InvalidSettings, from_environment
from local import console, dev_providers, schedules, streams
from local.aws import LocalAws, Resources, aws_environment
from local.children import HOST
from local.database import prepare_database
from local.dev_keys import p256_pem
from local.dev_providers import DevProviders
from local.invoke import enter, published
from local.network import BadNetwork, GoodNetwork
from local.places import LOCAL, StackError
from local.postgres import EmbeddedPostgres
from local.preflight import Choices, port_fault, read_choices
from local.running import Stopped, record, single_run
from local.server import Server, create_server
from local.standard_output import Console
from local.welcome import say, welcome

GONE: Final = (psycopg2.Error, SQLAlchemyError, BotoCoreError, ClientError, DependencyUnavailable)
DATABASE_PREFIX: Final = "serenya_run_"
LOST_KEYS: Final = """CAN'T BE UNWRAPPED: this database was filled under another KMS (moto forgets its keys
            when it ends), so sign-in answers 503, and so does /health/ready.
            Use an empty database, or set AWS_ENDPOINT_URL to the AWS that the database was filled with."""


def environment(
    *,
    database_url: str,
    endpoint_url: str,
    resources: Resources,
    providers: Mapping[str, str],
    issuer_url: str,
) -> dict[str, str]:
    """Return every setting the app needs to run on the local parts, its AWS credentials included."""
    return aws_environment(endpoint_url) | {
        "STAGE": "local",
        "DATABASE_URL": database_url,
        "ISSUER_URL": issuer_url,
        "KMS_KEY_ID": resources.kms_key_id,
        "SIGNING_KMS_KEY_ID": resources.signing_kms_key_id,
        "VAULT_TABLE": resources.vault_table,
        "EGRESS_TABLE": resources.egress_table,
        "EVIDENCE_BUCKET": resources.evidence_bucket,
        **providers,
    }


def run(outer: Mapping[str, str], bad_network_seed: int | None = None) -> None:
    """Run everything until `Stopped` is raised in this thread, then end it. Raises: StackError."""
    with ExitStack() as parts:
        try:
            serve(outer, parts, GoodNetwork() if bad_network_seed is None else BadNetwork(bad_network_seed))
        except Stopped:
            say("Stopping")
        except GONE as error:  # it was there when it was asked for first
            raise StackError(f"A part of the stack failed while it was starting: {error}") from error


def serve(outer: Mapping[str, str], parts: ExitStack, network: GoodNetwork) -> None:
    """Start the parts, each one handed to `parts` for its end, and serve."""
    parts.enter_context(single_run())
    choices = read_choices(outer, app_faults(outer))
    console.install(Console(sys.stdout), as_json=choices.log_is_json)
    url = f"http://{HOST}:{choices.port}"
    record(url)
    aws = LocalAws(LOCAL / "aws", choices.endpoint_url)
    parts.callback(aws.stop)
    aws.start()  # takes a second or two: meanwhile the database
    owner_url = database(choices, parts)
    app_url = prepare_database(owner_url)
    say("Schema", "migrated to the newest revision")
    providers = parts.enter_context(DevProviders.within(LOCAL).serve())
    for declared in PROVIDERS.values():
        keys_url = providers[f"{declared.name.upper()}_KEYS_URL"]
        say(declared.title, f"the development {declared.title}'s keys at {keys_url}")
    resources = aws.provision()
    say("AWS", f"{'yours' if choices.endpoint_url else 'moto, empty,'} at {aws.endpoint_url}")
    settings = environment(
        database_url=app_url,
        endpoint_url=aws.endpoint_url,
        resources=resources,
        providers=providers,
        issuer_url=url,
    )
    parts.enter_context(published(settings))
    server = create_app_server(settings, owner_url, choices)
    server.network = network
    console.install(Console(sys.stdout), as_json=choices.log_is_json)  # again: the app has set up its own
    thread = threading.Thread(target=server.serve_forever, name="api", daemon=True)
    thread.start()
    parts.callback(server.drain)
    give_apple_key()
    parts.enter_context(streams.followed(aws.endpoint_url, egress_deliver))
    parts.enter_context(schedules.running(schedules.scheduled(app)))
    say("API", f"{url}{', behind a bad network' if isinstance(network, BadNetwork) else ''}")
    welcome(url)
    thread.join()


def give_apple_key() -> None:
    """Let the service be known at the development Apple, as an operator does at Apple."""
    told = {"team_id": "LOCALTEAM", "key_id": "LOCALKEY", "private_key": p256_pem()}
    apple_client_key(told, None)


def app_faults(outer: Mapping[str, str]) -> tuple[str, ...]:
    """Return what is wrong with the app's own settings, with good ones in place of those made here."""
    resources = Resources(
        kms_key_id="-",
        signing_kms_key_id="-",
        vault_table="-",
        egress_table="-",
        keys_bucket="-",
        evidence_bucket="-",
    )
    url = f"http://{HOST}"
    made = environment(
        database_url=f"postgresql://{HOST}/-",
        endpoint_url=url,
        resources=resources,
        providers=dev_providers.settings(url, url),
        issuer_url=url,
    )
    try:
        from_environment({**outer, **made})
    except InvalidSettings as error:
        return error.faults
    return ()


def database(choices: Choices, parts: ExitStack) -> str:
    """Return the owner's URL of the database: a new one in the embedded server unless one was given."""
    if choices.database_url:
        say("PostgreSQL", "yours (DATABASE_URL); its data is kept")
        return choices.database_url
    postgres = EmbeddedPostgres(LOCAL / "postgres")
    parts.callback(postgres.stop)
    postgres.start()
    earlier = [name for name in postgres.databases() if name.startswith(DATABASE_PREFIX)]
    for name in earlier:
        postgres.drop_database(name)
    url = postgres.create_database(DATABASE_PREFIX + secrets.token_hex(4))
    say("PostgreSQL", postgres.description())
    say("Data", "fresh: what an earlier run stored is gone" if earlier else "fresh")
    return url


def create_app_server(settings: Mapping[str, str], owner_url: str, choices: Choices) -> Server:
    """Return the server of the app, after the app's own preparations: consent documents and signing keys."""
    enter(settings)
    release.publish_documents(owner_url)
    say("Documents", "the consent documents are published")
    release.rotate_keys(from_environment())
    failing = wiring.services().readiness.failing()
    say("Keys", LOST_KEYS if "keys" in failing else "signing keys are ready")
    return listening(choices.port)


def listening(port: int) -> Server:
    """Return a server of the app that listens on the port. Raises: StackError."""
    try:
        return create_server(app, port)
    except OSError as error:  # it was free when the settings were read
        raise StackError(port_fault(port, error)) from error
