"""What is measured stands on this: a durable PostgreSQL, the local AWS, the development Google."""

import secrets
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Final

from chalicelib.functions import release
from chalicelib.settings import from_environment
from local.aws import LocalAws
from local.database import prepare_database
from local.dev_google import DevGoogle
from local.dev_providers import DevProviders
from local.invoke import enter
from local.places import LOCAL
from local.postgres import EmbeddedPostgres
from local.stack import environment

HOME: Final = LOCAL / "bench"
ISSUER: Final = "https://auth.bench"


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """A service that is ready to be called; `settings` is the environment of each container."""

    settings: Mapping[str, str]
    owner_url: str
    google: DevGoogle
    postgres: EmbeddedPostgres


@contextmanager
def started() -> Iterator[Parts]:
    """Bring everything up on an empty database with default durability, and take it down again."""
    with ExitStack() as stack:
        people = DevProviders.within(HOME)
        aws = stack.enter_context(LocalAws(HOME / "aws"))
        postgres = stack.enter_context(EmbeddedPostgres(HOME / "postgres"))
        for name in postgres.databases():
            if name.startswith("bench_"):
                postgres.drop_database(name)
        owner_url = postgres.create_database(f"bench_{secrets.token_hex(4)}")
        settings = environment(
            database_url=prepare_database(owner_url),
            endpoint_url=aws.endpoint_url,
            resources=aws.provision(),
            providers=stack.enter_context(people.serve()),
            issuer_url=ISSUER,
        )
        settings = {**settings, "LIMITS": "off"}  # the limiter's own cost is measured apart
        enter(settings)
        release.publish_documents(owner_url)
        release.rotate_keys(from_environment())
        yield Parts(settings=settings, owner_url=owner_url, google=people.google, postgres=postgres)
