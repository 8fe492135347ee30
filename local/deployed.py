"""Deploy on this machine: the unzipped package under AWS's runtime, beside a server that asks what RDS asks.

Nothing of it knows how the package was built. `STAGE` is `dev`: the settings are those of the cloud, and only
botocore learns that AWS is elsewhere.
"""

import json
import platform
import shutil
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from chalicelib.clients.aws import aws_client
from chalicelib.clients.provider_keys import ProviderKeySet, keys_of
from chalicelib.clients.s3_keys import publish
from chalicelib.domain.keys import SigningAlgorithm
from chalicelib.postgres.roles import FUNCTIONS_ROLE, LOGIN_ROLES
from local.authority import issue
from local.aws import KEYS_BUCKET, REGION, Resources
from local.database import connected
from local.dev_google import CLIENTS, DevGoogle
from local.invoke import SCHEDULED
from local.places import PROJECT, make_directory
from local.postgres import EmbeddedPostgres
from local.rds import NAME, RdsFront, rds
from local.runtime_api import Container, container

MACHINE: Final = {"aarch64": "arm64", "arm64": "arm64", "x86_64": "x86_64"}[platform.machine()]
DATABASE: Final = "serenya"
SERVICES: Final = ("KMS", "DYNAMODB", "S3")
AS_RDS: Final = """
    CREATE ROLE rds_iam;
    CREATE ROLE release_owner LOGIN CREATEROLE;
    GRANT rds_iam TO release_owner WITH ADMIN OPTION;
"""


@dataclass(frozen=True, kw_only=True)
class Deployed:
    """One deployment: a package, an environment, and the database that both belong to."""

    task: Path
    front: RdsFront
    google: DevGoogle
    environment: Mapping[str, str]
    folder: Path

    def function(self, name: str, *flags: str, **environment: str) -> AbstractContextManager[Container]:
        """Run a container of a function of app.py; `app` is the API, `flags` are Python's own."""
        return container(
            self.task, f"app.{name}", {**self.environment, **environment}, self.folder, flags=flags
        )

    def invoke(self, name: str, event: Mapping[str, Any], **environment: str) -> Any:  # noqa: ANN401 - JSON
        """Invoke a function once, in a container of its own."""
        with self.function(name, **environment) as started:
            return started.invoke(event).body

    def as_owner(self) -> dict[str, str]:
        """Return what the release's own functions have in place of the app's role."""
        return {"DATABASE_URL": self.front.url("release_owner", DATABASE)}

    def release(self) -> None:
        """Do what a release does behind the deployment."""
        self.invoke("migrate", {}, **self.as_owner())
        self.invoke("publish_documents", {}, **self.as_owner())
        self.invoke("rotate_keys", SCHEDULED)


def copied(folder: Path) -> Path:
    """Copy what a package is made from; the wheels of an earlier package in the folder are kept."""
    copy = make_directory(folder)
    for name in ("chalicelib", "alembic"):
        shutil.rmtree(copy / name, ignore_errors=True)
        shutil.copytree(PROJECT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    (copy / ".chalice").mkdir(exist_ok=True)
    for name in ("app.py", "requirements.txt", ".chalice/config.json"):
        shutil.copyfile(PROJECT / name, copy / name)
    return copy


def unpacked(package: Path, folder: Path) -> Path:
    """Return the package's content where Lambda would put it, byte for byte."""
    task = fresh(folder)
    with zipfile.ZipFile(package) as zipped:
        zipped.extractall(task)
    return task


def fresh(folder: Path) -> Path:
    """Return the folder, empty."""
    shutil.rmtree(folder, ignore_errors=True)
    return make_directory(folder)


@contextmanager
def as_rds(postgres: EmbeddedPostgres, task: Path, folder: Path) -> Iterator[RdsFront]:
    """Run an empty database behind a front like RDS's, whose root takes the place of Amazon's."""
    issued = issue(NAME, fresh(folder))
    shutil.copyfile(issued.root, task / "chalicelib" / "certificates" / f"rds-{REGION}.pem")
    postgres.drop_database(DATABASE)
    postgres.create_database(DATABASE)
    with connected(postgres.url(DATABASE)) as owner, owner.cursor() as cursor:
        cursor.execute(
            "DROP ROLE IF EXISTS " + ", ".join((*LOGIN_ROLES, FUNCTIONS_ROLE)) + ", release_owner, rds_iam"
        )
        cursor.execute(AS_RDS)
        cursor.execute(f"ALTER DATABASE {DATABASE} OWNER TO release_owner")
        cursor.execute("ALTER SCHEMA public OWNER TO release_owner")
    with rds(postgres, issued.certificate, issued.key) as front:
        yield front


def environment(
    front: RdsFront, endpoint_url: str, resources: Resources, evidence_bucket: str
) -> dict[str, str]:
    """Return a deployed function's environment."""
    return {
        "STAGE": "dev",
        "DATABASE_URL": front.url("serenya_requests", DATABASE),
        "AWS_REGION": REGION,
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        **{f"AWS_ENDPOINT_URL_{service}": endpoint_url for service in SERVICES},
        "NO_PROXY": "127.0.0.1,localhost",
        "ISSUER_URL": "https://auth.test/v1",
        "GOOGLE_CLIENTS": json.dumps(CLIENTS),
        "GOOGLE_KEYS_URL": f"s3://{KEYS_BUCKET}/google.json",
        "KMS_KEY_ID": resources.kms_key_id,
        "SIGNING_KMS_KEY_ID": resources.signing_kms_key_id,
        "VAULT_TABLE": resources.vault_table,
        "EGRESS_TABLE": resources.egress_table,
        "EVIDENCE_BUCKET": evidence_bucket,
    }


def publish_google(google: DevGoogle, endpoint_url: str) -> None:
    """Put the development Google's keys where the schedule puts the real one's."""
    now = datetime.now(UTC)
    keys = keys_of(google.jwks()["keys"], {SigningAlgorithm.RS256})
    publish(
        s3=aws_client("s3", REGION, endpoint_url),
        bucket=KEYS_BUCKET,
        key="google.json",
        key_set=ProviderKeySet(keys=keys, fetched_at=now, fresh_until=now + timedelta(hours=6)),
    )
