"""What is measured stands on this: a durable PostgreSQL, the local AWS, the development Google."""

import secrets
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import psycopg2

from chalicelib.functions import release
from chalicelib.settings import from_environment
from local.aws import LocalAws
from local.database import connected, prepare_database
from local.dev_google import DevGoogle
from local.dev_providers import DevProviders
from local.invoke import enter
from local.places import LOCAL
from local.postgres import EmbeddedPostgres
from local.stack import environment

HOME: Final = LOCAL / "bench"
ISSUER: Final = "https://auth.bench"
DATABASES: Final = "bench_"


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """A service that is ready to be called; `settings` is the environment of each container."""

    home: Path
    settings: Mapping[str, str]
    owner_url: str
    google: DevGoogle
    postgres: EmbeddedPostgres

    def twin(self) -> "Parts":
        """Return the same service on a copy of its database, to which nobody may be connected yet."""
        name, original = _named(), urlsplit(self.owner_url).path[1:]
        owner_url = self.postgres.create_database(name, original)
        with connected(owner_url) as owner, owner.cursor() as cursor:
            cursor.execute("UPDATE database_position SET lineage = gen_random_uuid()")  # no restored backup
        url = self.settings["DATABASE_URL"].removesuffix(original) + name
        return replace(self, owner_url=owner_url, settings={**self.settings, "DATABASE_URL": url})


@contextmanager
def started(home: Path = HOME) -> Iterator[Parts]:
    """Bring everything up on an empty database with default durability, and take it down again."""
    with ExitStack() as stack:
        people = DevProviders.within(home)
        aws = stack.enter_context(LocalAws(home / "aws"))
        postgres = stack.enter_context(EmbeddedPostgres(home / "postgres"))
        _drop_all(postgres)  # of a run that was cut short
        stack.callback(_give_disk_back, postgres)
        owner_url = postgres.create_database(_named())
        settings = environment(
            database_url=prepare_database(owner_url),
            endpoint_url=aws.endpoint_url,
            resources=aws.provision(),
            providers=stack.enter_context(people.serve()),
            issuer_url=ISSUER,
        )
        enter(settings)
        release.publish_documents(owner_url)
        release.rotate_keys(from_environment())
        yield Parts(
            home=home, settings=settings, owner_url=owner_url, google=people.google, postgres=postgres
        )


def _give_disk_back(postgres: EmbeddedPostgres) -> None:
    """Drop a million people, 20 GB; where the server was killed meanwhile, the next run does."""
    with suppress(psycopg2.OperationalError):
        _drop_all(postgres)


def _drop_all(postgres: EmbeddedPostgres) -> None:
    for name in postgres.databases():
        if name.startswith(DATABASES):
            postgres.drop_database(name)


def _named() -> str:
    return DATABASES + secrets.token_hex(4)
