"""The place of a rehearsal: a copy of the project, an account without anything in it, a server like RDS's."""

import json
import os
import secrets
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import boto3.session

from chalicelib.clients.aws import aws_client
from chalicelib.clients.provider_keys import ProviderKeySet, keys_of
from chalicelib.clients.s3_keys import publish
from chalicelib.domain.keys import SigningAlgorithm
from local.authority import issue
from local.aws import REGION, LocalAws, aws_environment, local_session
from local.database import connected
from local.dev_google import CLIENTS, DevGoogle
from local.memory import forget
from local.places import LOCAL, PROJECT, make_directory
from local.postgres import EmbeddedPostgres
from local.rds import MAY_GRANT, NAME, RdsFront, rds
from tools import chalice_for, lambda_python
from tools.rehearsal.endpoint import Endpoint, serve
from tools.rehearsal.functions import Functions
from tools.rehearsal.overrides import OVERRIDES
from tools.terraform import environment as of_terraform

FOLDER: Final = LOCAL / "rehearsal"
STATES: Final = "serenya-auth-rehearsal-states"
STAGE: Final = "dev"
GIT: Final = ("git", "ls-files", "--cached", "--others", "--exclude-standard")
MASTER: Final = "serenya_master"
SECRET: Final = "rds-master"  # noqa: S105 - its name
LOG_LINES: Final = 40
AS_RDS: Final = (
    f"CREATE ROLE {MASTER} LOGIN CREATEROLE CREATEDB",
    "CREATE ROLE rds_iam",
    MAY_GRANT.format(MASTER),
    f"ALTER DATABASE serenya OWNER TO {MASTER}",
)


@dataclass(frozen=True, kw_only=True)
class Site:
    """Where a rehearsal takes place."""

    project: Path
    endpoint: str
    front: RdsFront
    postgres: EmbeddedPostgres
    google: DevGoogle
    functions: Functions

    def release(self, act: str, typed: str = "") -> tuple[int, str]:
        """Do what `make deploy` or `make rollback` does; return its exit code and what it said."""
        words = (sys.executable, "-m", "tools.release", act, "--stage", STAGE, "--states", STATES)
        return self._run(*words, typed=typed)

    def chalice(self, *words: str) -> str:
        """Run Chalice as a developer types it in the project; return what it said, or how it failed."""
        return self._run(sys.executable, "-P", chalice_for.__file__, lambda_python.NAME, *words)[1]

    def _run(self, *command: str, typed: str = "") -> tuple[int, str]:
        log = FOLDER / "releases.log"
        begun = log.stat().st_size if log.exists() else 0
        with log.open("ab") as said:
            done = subprocess.run(
                command,
                cwd=self.project,
                env=self._environment(),
                input=typed.encode(),
                stdout=said,
                stderr=subprocess.STDOUT,
                check=False,
            )
        return done.returncode, log.read_bytes()[begun:].decode()

    def _environment(self) -> dict[str, str]:
        return {
            **_outer(),
            **aws_environment(self.endpoint),
            "TF_VAR_sets_account_logging": "false",
            # Chalice hashes what lies in the project, and the package has left Lambda's bytecode there.
            # Another Python would add its own, which a .venv of Lambda's Python doesn't.
            "PYTHONDONTWRITEBYTECODE": "1",
        }

    def session(self) -> boto3.session.Session:
        """Return a session of the rehearsal's account."""
        return local_session()

    def revision(self) -> str:
        """Return the revision that the database has."""
        with connected(self.postgres.url("serenya")) as owner, owner.cursor() as cursor:
            cursor.execute("SELECT version_num FROM alembic_version")
            (revision,) = cursor.fetchone() or ("none",)
        return str(revision)


@contextmanager
def site() -> Iterator[Site]:
    """Make the place, and end everything in it afterwards."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    forget(FOLDER / "postgres")  # which a rehearsal that was killed left in memory
    make_directory(FOLDER)
    issued = issue(NAME, FOLDER)
    with EmbeddedPostgres(FOLDER / "postgres", durable=False) as postgres, LocalAws(FOLDER / "aws") as aws:
        postgres.create_database("serenya")
        with connected(postgres.url("serenya")) as superuser, superuser.cursor() as cursor:
            for statement in AS_RDS:
                cursor.execute(statement)
        google = DevGoogle(FOLDER / "google")
        with rds(postgres, issued.certificate, issued.key) as front:
            arn = _account(aws, front)
            project = _copied(front.port, arn)
            os.environ |= aws_environment(aws.endpoint_url)
            functions = Functions(
                folder=make_directory(FOLDER / "functions"), root=issued.root, endpoint_url=aws.endpoint_url
            )
            endpoint = Endpoint(
                moto=aws.endpoint_url,
                functions=functions,
                instead={"-fetch-provider-keys": lambda: _publish(google, aws)},
                rotate=lambda secret: _rotate(secret, aws, front),
                api=f"serenya-auth-{STAGE}",
            )
            try:
                with serve(endpoint) as url:
                    yield Site(
                        project=project,
                        endpoint=url,
                        front=front,
                        postgres=postgres,
                        google=google,
                        functions=functions,
                    )
            finally:
                functions.close()


def _copied(port: int, secret_arn: str) -> Path:
    """Copy what git knows, and write beside it what this account can't do and an operator would say."""
    copy = make_directory(FOLDER / "project")
    listed = subprocess.run(
        GIT,
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    for name in listed:
        if (PROJECT / name).exists():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(PROJECT / name, copy / name, follow_symlinks=False)
    for name, text in OVERRIDES.items():
        told = text.replace("PORT", str(port)).replace("SECRET", secret_arn)
        (copy / name).write_text(told, encoding="utf-8")
    path = copy / ".chalice" / "config.json"
    config = json.loads(path.read_text(encoding="utf-8"))
    machine = {"aarch64": "arm64", "arm64": "arm64", "x86_64": "x86_64"}[os.uname().machine]
    config["lambda_architecture"] = machine
    config["stages"][STAGE]["environment_variables"]["GOOGLE_CLIENTS"] = json.dumps(CLIENTS)
    path.write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
    staged = PROJECT / ".chalice" / "staged"
    if (staged / "vendor").is_dir():  # its wheels are made anew only if they differ
        shutil.copytree(staged, copy / ".chalice" / "staged", symlinks=True)
    return copy


def _account(aws: LocalAws, front: RdsFront) -> str:
    """Make what stands before the first release: the bucket of the states, and the master's secret."""
    session = local_session()
    session.client("s3", endpoint_url=aws.endpoint_url).create_bucket(
        Bucket=STATES, CreateBucketConfiguration={"LocationConstraint": REGION}
    )
    password = front.passwords[MASTER] = secrets.token_urlsafe(24)
    made = session.client("secretsmanager", endpoint_url=aws.endpoint_url).create_secret(
        Name=SECRET, SecretString=json.dumps({"username": MASTER, "password": password})
    )
    return str(made["ARN"])


def _rotate(secret: str, aws: LocalAws, front: RdsFront) -> None:
    password = front.passwords[MASTER] = secrets.token_urlsafe(24)
    local_session().client("secretsmanager", endpoint_url=aws.endpoint_url).put_secret_value(
        SecretId=secret, SecretString=json.dumps({"username": MASTER, "password": password})
    )


def _publish(google: DevGoogle, aws: LocalAws) -> Mapping[str, str]:
    """Put the development Google's keys where the function that has a way out puts the real one's."""
    now = datetime.now(UTC)
    s3 = local_session().client("s3", endpoint_url=aws.endpoint_url)
    bucket = next(one["Name"] for one in s3.list_buckets()["Buckets"] if "provider-keys" in one["Name"])
    publish(
        s3=aws_client("s3", REGION, None),
        bucket=bucket,
        key="google.json",
        key_set=ProviderKeySet(
            keys=keys_of(google.jwks()["keys"], {SigningAlgorithm.RS256}),
            fetched_at=now,
            fresh_until=now + timedelta(hours=6),
        ),
    )
    return {}


def _outer() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return {**kept, **{name: value for name, value in of_terraform().items() if name.startswith("TF_CLI_")}}
