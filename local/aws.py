"""A local AWS (KMS, DynamoDB, S3) that can't be mistaken for a real one."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self

import boto3
import botocore.config
import botocore.session
from botocore.exceptions import ClientError

from local.children import HOST
from local.places import PROJECT, StackError, make_directory

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient
    from mypy_boto3_kms.client import KMSClient
    from mypy_boto3_s3.client import S3Client

REGION: Final = "eu-west-1"
ACCESS_KEY: Final = "local"
SECRET_KEY: Final = "local"  # noqa: S105 - not a secret: moto takes any
VAULT_TABLE: Final = "serenya-auth-local-vault"
EGRESS_TABLE: Final = "serenya-auth-local-egress"
KEYS_BUCKET: Final = "serenya-auth-local-provider-keys"
EVIDENCE_BUCKET: Final = "serenya-auth-local-evidence"
PERSONAL_DATA_ALIAS: Final = "alias/serenya-auth-local-personal-data"
SIGNING_ALIAS: Final = "alias/serenya-auth-local-signing"
END_SECONDS: Final = 5.0


class LocalAwsError(StackError):
    """The local AWS can't be used; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resources:
    """What the service needs to exist in AWS."""

    kms_key_id: str
    signing_kms_key_id: str
    vault_table: str
    egress_table: str
    keys_bucket: str
    evidence_bucket: str


def aws_environment(endpoint_url: str) -> dict[str, str]:
    """Return every AWS setting a process needs to talk to the endpoint and to nothing else.

    The credentials are dummies, and each place that could hold a developer's real ones is closed.
    """
    return {
        "AWS_ACCESS_KEY_ID": ACCESS_KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ENDPOINT_URL": endpoint_url,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "NO_PROXY": f"{HOST},localhost",
        "no_proxy": f"{HOST},localhost",
    }


class LocalAws:
    """KMS, DynamoDB and S3 at `endpoint_url`; a context manager that runs moto or uses one given."""

    def __init__(self, directory: Path, endpoint_url: str | None = None) -> None:
        self._directory = directory
        self._given = endpoint_url
        self._endpoint_url = endpoint_url
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def endpoint_url(self) -> str:
        """Return where the local AWS answers; the first read after `start` waits until it does.

        Raises: LocalAwsError.
        """
        if self._endpoint_url is None:
            told = self._process.stdout.readline().strip() if self._process and self._process.stdout else ""
            if not told.isdigit():
                message = f"moto didn't start; its log is {self._directory / 'moto.log'}"
                raise LocalAwsError(message)
            self._endpoint_url = f"http://{HOST}:{told}"
        return self._endpoint_url

    def start(self) -> None:
        """Start moto, empty, without waiting for it; does nothing for a given endpoint."""
        if self._given is not None:
            return
        log_file = make_directory(self._directory) / "moto.log"
        environment = {"PATH": os.defpath, "PYTHONPATH": str(PROJECT)} | aws_environment("")
        with log_file.open("w") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "local.moto_server"],
                stdin=subprocess.PIPE,  # its end is the server's end, also when we are killed
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                env=environment,
                start_new_session=True,  # the terminal's Ctrl-C is for us
            )

    def stop(self) -> None:
        """End moto and forget all it held; harmless when it isn't running."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate(timeout=END_SECONDS)
            self._process = None
            self._endpoint_url = None

    def provision(self) -> Resources:
        """Create what the service needs, or find what an earlier run created. Raises: LocalAwsError."""
        try:
            return provision(self.endpoint_url)
        except (ClientError, botocore.exceptions.BotoCoreError) as error:
            message = f"the AWS at {self.endpoint_url} can't be set up: {error}"
            raise LocalAwsError(message) from error


def local_session() -> boto3.session.Session:
    """Return a session with dummy credentials that reads no file and no profile of the developer's."""
    closed = {
        "profile": (None, None, None, None),
        "config_file": (None, None, os.devnull, None),
        "credentials_file": (None, None, os.devnull, None),
    }
    session = botocore.session.Session(session_vars=closed)
    session.set_credentials(ACCESS_KEY, SECRET_KEY)
    return boto3.session.Session(botocore_session=session, region_name=REGION)


def provision(endpoint_url: str) -> Resources:
    """Create keys, table and buckets at the endpoint unless they exist."""
    session = local_session()
    config = botocore.config.Config(
        connect_timeout=5, read_timeout=20, proxies={}, s3={"addressing_style": "path"}
    )
    kms = session.client("kms", endpoint_url=endpoint_url, config=config)
    dynamodb = session.client("dynamodb", endpoint_url=endpoint_url, config=config)
    ensure_table(dynamodb)
    ensure_egress_table(dynamodb)
    s3 = session.client("s3", endpoint_url=endpoint_url, config=config)
    for bucket in (KEYS_BUCKET, EVIDENCE_BUCKET):
        ensure_bucket(s3, bucket)
    return Resources(
        kms_key_id=ensure_key(kms, PERSONAL_DATA_ALIAS),
        signing_kms_key_id=ensure_key(kms, SIGNING_ALIAS),
        vault_table=VAULT_TABLE,
        egress_table=EGRESS_TABLE,
        keys_bucket=KEYS_BUCKET,
        evidence_bucket=EVIDENCE_BUCKET,
    )


def ensure_key(kms: "KMSClient", alias: str) -> str:
    """Return the id of the symmetric key that the alias names."""
    for page in kms.get_paginator("list_aliases").paginate():
        for known in page["Aliases"]:
            if known.get("AliasName") == alias and "TargetKeyId" in known:
                return known["TargetKeyId"]
    key_id = kms.create_key(Description=alias)["KeyMetadata"]["KeyId"]
    kms.create_alias(AliasName=alias, TargetKeyId=key_id)
    return key_id


def ensure_table(dynamodb: "DynamoDBClient", name: str = VAULT_TABLE) -> None:
    """Create the key vault: one item a person, found by `user_id`."""
    try:
        dynamodb.create_table(
            TableName=name,
            AttributeDefinitions=[{"AttributeName": "user_id", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "user_id", "KeyType": "HASH"}],
            BillingMode="PAY_PER_REQUEST",
        )
    except dynamodb.exceptions.ResourceInUseException:
        return


def ensure_egress_table(dynamodb: "DynamoDBClient", name: str = EGRESS_TABLE) -> None:
    """Create the egress table as infra/modules/storage does: an index of what waits, and a stream."""
    try:
        dynamodb.create_table(
            TableName=name,
            AttributeDefinitions=[
                {"AttributeName": "id", "AttributeType": "S"},
                {"AttributeName": "queue", "AttributeType": "S"},
                {"AttributeName": "due_at", "AttributeType": "N"},
            ],
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            GlobalSecondaryIndexes=[
                {
                    "IndexName": "queue",
                    "KeySchema": [
                        {"AttributeName": "queue", "KeyType": "HASH"},
                        {"AttributeName": "due_at", "KeyType": "RANGE"},
                    ],
                    "Projection": {"ProjectionType": "KEYS_ONLY"},
                }
            ],
            StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
            BillingMode="PAY_PER_REQUEST",
        )
    except dynamodb.exceptions.ResourceInUseException:
        return


def ensure_bucket(s3: "S3Client", bucket: str) -> None:
    """Create the bucket."""
    try:
        s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    except (s3.exceptions.BucketAlreadyOwnedByYou, s3.exceptions.BucketAlreadyExists):
        return
