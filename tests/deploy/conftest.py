"""The real package, built once; a PostgreSQL reached as RDS is; the functions of the one on the other."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from local.deployed import MACHINE, as_rds, copied, environment, fresh, publish_google, unpacked
from local.postgres import EmbeddedPostgres
from local.rds import RdsFront
from tests.audit_scenes import own_bucket
from tests.conftest import RUN, Parts
from tests.deploy.deployed import Deployed
from tools.package import build

HOME = RUN / "deploy"
NOT_DEPLOYED = ".env"  # stands in for a developer's secret: it must not get into the zip


@pytest.fixture(scope="session")
def project() -> Path:
    """A copy of what a package is made from, kept between runs for its wheels."""
    copy = copied(RUN / "package")
    (copy / NOT_DEPLOYED).write_text("SECRET=1")
    return copy


@pytest.fixture(scope="session")
def package(project: Path) -> Path:
    """The zip, built for this machine."""
    return build(project, MACHINE)


@pytest.fixture(scope="session")
def task(package: Path) -> Path:
    """The zip's content where Lambda would put it, byte for byte."""
    return unpacked(package, HOME / "task")


@pytest.fixture(scope="session")
def front(task: Path) -> Iterator[RdsFront]:
    """A PostgreSQL of its own behind a front like RDS's."""
    with (
        EmbeddedPostgres(RUN / "postgres-deploy", durable=False) as postgres,
        as_rds(postgres, task, HOME / "authority") as made,
    ):
        yield made


@pytest.fixture(scope="session")
def deployed(front: RdsFront, task: Path, parts: Parts) -> Deployed:
    """The service as a release leaves it: migrated, with documents and keys, each by its own function."""
    publish_google(parts.people.google, parts.aws.endpoint_url)
    made = Deployed(
        task=task,
        front=front,
        google=parts.people.google,
        environment=environment(front, parts.aws.endpoint_url, parts.resources, own_bucket()),
        folder=fresh(HOME / "containers"),
    )
    made.release()
    return made
