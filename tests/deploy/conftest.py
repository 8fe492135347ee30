"""The real package, built once; a PostgreSQL reached as RDS is; the functions of the one on the other."""

import json
import platform
import shutil
import zipfile
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from chalicelib.clients.aws import aws_client
from chalicelib.clients.provider_keys import ProviderKeySet, keys_of
from chalicelib.clients.s3_keys import publish
from chalicelib.domain.keys import SigningAlgorithm
from local.authority import issue
from local.aws import KEYS_BUCKET, REGION
from local.database import connected
from local.dev_google import CLIENTS, DevGoogle
from local.places import PROJECT, make_directory
from local.postgres import EmbeddedPostgres
from local.rds import NAME, RdsFront, rds
from tests.audit_scenes import own_bucket
from tests.conftest import RUN, Parts
from tests.deploy.deployed import Deployed
from tools.package import build

MACHINE = {"aarch64": "arm64", "arm64": "arm64", "x86_64": "x86_64"}[platform.machine()]
NOT_DEPLOYED = ".env"  # stands in for a developer's secret: it must not get into the zip
SERVICES = ("KMS", "DYNAMODB", "S3")
AS_RDS = """
    CREATE ROLE rds_iam;
    CREATE ROLE release_owner LOGIN CREATEROLE;
    GRANT rds_iam TO release_owner WITH ADMIN OPTION;
"""


@pytest.fixture(scope="session")
def project() -> Path:
    """A copy of what a package is made from, kept between runs for its wheels."""
    copy = make_directory(RUN / "package")
    for name in ("chalicelib", "alembic"):
        shutil.rmtree(copy / name, ignore_errors=True)
        shutil.copytree(PROJECT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    (copy / ".chalice").mkdir(exist_ok=True)
    for name in ("app.py", "requirements.txt", ".chalice/config.json"):
        shutil.copyfile(PROJECT / name, copy / name)
    (copy / NOT_DEPLOYED).write_text("SECRET=1")
    return copy


@pytest.fixture(scope="session")
def package(project: Path) -> Path:
    """The zip, built for this machine."""
    return build(project, MACHINE)


@pytest.fixture(scope="session")
def task(package: Path) -> Path:
    """The zip's content where Lambda would put it, byte for byte."""
    folder = fresh("task")
    with zipfile.ZipFile(package) as zipped:
        zipped.extractall(folder)
    return folder


@pytest.fixture(scope="session")
def front(task: Path) -> Iterator[RdsFront]:
    """A PostgreSQL of its own behind a front like RDS's, whose root takes the place of Amazon's."""
    issued = issue(NAME, fresh("authority"))
    shutil.copyfile(issued.root, task / "chalicelib" / "certificates" / f"rds-{REGION}.pem")
    with EmbeddedPostgres(RUN / "postgres-deploy", durable=False) as postgres:
        postgres.drop_database("serenya")
        postgres.create_database("serenya")
        with connected(postgres.url("serenya")) as owner, owner.cursor() as cursor:
            cursor.execute("DROP ROLE IF EXISTS serenya_app, release_owner, rds_iam")
            cursor.execute(AS_RDS)
            cursor.execute("ALTER DATABASE serenya OWNER TO release_owner")
            cursor.execute("ALTER SCHEMA public OWNER TO release_owner")
        with rds(postgres, issued.certificate, issued.key) as made:
            yield made


@pytest.fixture(scope="session")
def deployed(front: RdsFront, task: Path, parts: Parts) -> Deployed:
    """The service as a release leaves it: migrated, with documents and keys, each by its own function."""
    publish_google(parts.people.google)
    made = Deployed(
        task=task,
        front=front,
        google=parts.people.google,
        environment=environment(parts, front),
        folder=fresh("containers"),
    )
    made.release()
    return made


def fresh(name: str) -> Path:
    """Return an empty folder of this run."""
    folder = RUN / "deploy" / name
    shutil.rmtree(folder, ignore_errors=True)
    return make_directory(folder)


def environment(parts: Parts, front: RdsFront) -> Mapping[str, str]:
    """Return a deployed function's environment; only botocore learns that AWS is elsewhere."""
    return {
        "STAGE": "dev",
        "DATABASE_URL": front.url("serenya_app", "serenya"),
        "AWS_REGION": REGION,
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        **{f"AWS_ENDPOINT_URL_{service}": parts.aws.endpoint_url for service in SERVICES},
        "NO_PROXY": "127.0.0.1,localhost",
        "ISSUER_URL": "https://auth.test/v1",
        "GOOGLE_CLIENTS": json.dumps(CLIENTS),
        "GOOGLE_KEYS_URL": f"s3://{KEYS_BUCKET}/google.json",
        "KMS_KEY_ID": parts.resources.kms_key_id,
        "SIGNING_KMS_KEY_ID": parts.resources.signing_kms_key_id,
        "VAULT_TABLE": parts.resources.vault_table,
        "EGRESS_TABLE": parts.resources.egress_table,
        "EVIDENCE_BUCKET": own_bucket(),
    }


def publish_google(google: DevGoogle) -> None:
    """Put the development Google's keys where the schedule puts the real one's."""
    now = datetime.now(UTC)
    keys = keys_of(google.jwks()["keys"], {SigningAlgorithm.RS256})
    publish(
        s3=aws_client("s3", REGION, None),
        bucket=KEYS_BUCKET,
        key="google.json",
        key_set=ProviderKeySet(keys=keys, fetched_at=now, fresh_until=now + timedelta(hours=6)),
    )
