"""Real parts for every test that wants them: started once, a fresh database for each test."""

import gc
import io
import logging
import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis
import pytest
from psycopg2.sql import Composed

from chalicelib.assembly.database import closed_behind
from chalicelib.clients.clock import SystemClock
from chalicelib.functions import release
from chalicelib.observation import log
from chalicelib.services.publishing import Publishing
from chalicelib.settings import Settings, from_environment
from chalicelib.stores.database import connect
from chalicelib.stores.jobs.documents import PublishingStore
from local.aws import LocalAws, Resources, aws_environment, ensure_table, local_session
from local.database import migrate, open_roles
from local.dev_providers import DevProviders
from local.places import LOCAL, PROJECT
from local.postgres import EmbeddedPostgres, creating, dropping
from local.shell import forget_foreign
from local.stack import environment
from tests.aws_tap import forget_clients
from tests.first_texts import first_texts
from tests.groups import Group, group_of
from tests.owners import Owners
from tests.patience import give_time, room_for_statements
from tests.pooler import pooled
from tests.world import World

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

forget_foreign()

TEMPLATE = "serenya_template"
RUN = (  # two test runs at once need two names; each worker of one run has parts of its own
    LOCAL / "test" / os.environ.get("TEST_RUN", "main") / os.environ.get("PYTEST_XDIST_WORKER", "alone")
)


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts that all tests share, and a migrated template with documents and keys in it."""

    postgres: EmbeddedPostgres
    aws: LocalAws
    resources: Resources
    people: DevProviders
    providers: Mapping[str, str]
    app_url: str
    owners: Owners
    dynamodb: "DynamoDBClient"

    def execute(self, statement: Composed) -> None:
        """Create or drop a database."""
        with self.owners.cursor() as cursor:
            cursor.execute(statement)

    def settings(self, database: str) -> Settings:
        """Return the settings of a service on one database."""
        return from_environment(self.environment(database))

    def environment(self, database: str) -> dict[str, str]:
        """Return the environment of such a service."""
        return environment(
            database_url=self.app_url.rsplit("/", 1)[0] + "/" + database,
            endpoint_url=self.aws.endpoint_url,
            resources=self.resources,
            providers=self.providers,
            issuer_url="https://auth.test",
        )


# No example is too slow because the machine is busy. `.ci/nightly` asks for the second profile.
hypothesis.settings.register_profile(
    "each change", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("each change")
hypothesis.settings.register_profile("nightly", max_examples=2000)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let make choose which tests run, and `make flaky-phones` how long, and which chances."""
    parser.addoption("--group", type=Group, choices=list(Group), help="only the tests of one group")
    parser.addoption("--pooled", action="store_true", help="requests reach PostgreSQL through PgBouncer")
    parser.addoption("--phones-seed", type=int, default=7)
    parser.addoption("--phones-seconds", type=float, default=0.0)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave out the files of other groups, unread."""
    wanted = config.getoption("--group")
    is_file = collection_path.suffix == ".py"
    return True if wanted and is_file and group_of(collection_path) is not wanted else None


def pytest_collection_finish() -> None:
    """Let the collector of garbage pass over what stays: the modules, and thousands of collected tests."""
    gc.collect()
    gc.freeze()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep to one worker what uses the places of the one local stack, and what types commands in a copy."""
    for item in items:
        for group in ("local", "commands"):
            if item.path.is_relative_to(PROJECT / "tests" / group):
                item.add_marker(pytest.mark.xdist_group(group))


@pytest.fixture(scope="session", autouse=True)
def roomy_limits() -> Iterator[None]:
    """Time for everything that isn't hung."""
    with pytest.MonkeyPatch.context() as patch:
        give_time(patch)
        yield


@pytest.fixture
def true_limits(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The time limits of production, for a test of them."""
    give_time(monkeypatch, room=1)
    yield
    forget_clients()


@pytest.fixture(scope="session")
def postgres() -> Iterator[EmbeddedPostgres]:
    """A server of the tests' own, forgetful for speed."""
    with EmbeddedPostgres(RUN / "postgres", durable=False) as server:
        yield server


@pytest.fixture(scope="session")
def parts(postgres: EmbeddedPostgres, pytestconfig: pytest.Config) -> Iterator[Parts]:
    """Everything the service stands on."""
    people = DevProviders.within(RUN)
    with LocalAws(RUN / "aws") as aws, people.serve() as providers, ExitStack() as stack:
        resources = aws.provision()
        _enter_aws(aws)
        postgres.drop_database(TEMPLATE)
        owner_url = postgres.create_database(TEMPLATE)
        migrate(owner_url)
        app_url = open_roles(owner_url)
        ready = Parts(
            postgres=postgres,
            aws=aws,
            resources=resources,
            people=people,
            providers=providers,
            app_url=app_url,
            owners=Owners(postgres.url()),
            dynamodb=local_session().client("dynamodb", endpoint_url=aws.endpoint_url),
        )
        publish_first_texts(owner_url)
        release.rotate_keys(ready.settings(TEMPLATE))
        if pytestconfig.getoption("--pooled"):  # from now on: a pooler would stay connected to the template
            ready = replace(ready, app_url=stack.enter_context(pooled(app_url)))
        yield ready
        ready.owners.close()


@pytest.fixture
def world(parts: Parts, request: pytest.FixtureRequest) -> Iterator[World]:
    """A service on a database of its own."""
    name = f"test_{secrets.token_hex(6)}"
    parts.execute(creating(name, TEMPLATE, durable=False))
    ensure_table(parts.dynamodb, name)  # a vault that all tests shared would be read whole by many of them
    settings = replace(parts.settings(name), vault_table=name)
    one = World(settings, parts.postgres.url(name), parts.people)
    if "true_limits" not in request.fixturenames:
        one.execute(room_for_statements(name))
    one.execute("UPDATE database_position SET lineage = gen_random_uuid()")  # no copy, but one of its own
    yield one
    one.close()
    parts.execute(dropping(name))


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    """What the service logs while the test lasts."""
    stream = io.StringIO()
    root, ours = logging.getLogger(), log.logger
    before = (root.handlers[:], root.level, ours.level)
    log.install(stream, "test")
    yield stream
    root.handlers[:], root.level = before[0], before[1]
    ours.setLevel(before[2])


def publish_first_texts(owner_url: str) -> None:
    """Publish the texts that the tests agree to, as a release does."""
    with closed_behind(connect(owner_url, 1, now=SystemClock().now)) as owner:
        publishing = Publishing(documents=PublishingStore(owner.transactions), clock=SystemClock())
        publishing.publish(first_texts(), release.RELEASE)


def _enter_aws(aws: LocalAws) -> None:
    """Let botocore find the local AWS and nothing of the developer's."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    os.environ.update(aws_environment(aws.endpoint_url))
