"""What a release asks of AWS itself, with the deployer's own credentials."""

import base64
import json
import secrets
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import boto3.session
import botocore.config

from tools.policies import APP
from tools.release.fault import ReleaseFault
from tools.release.scram import verifier

INVOKE_SECONDS: Final = 310  # a migration may take Lambda's 300
SALT_BYTES: Final = 16
SCHEDULED: Final = {  # what Chalice's scheduled functions expect
    "version": "0",
    "id": "release",
    "detail-type": "Scheduled Event",
    "source": "aws.events",
    "account": "",
    "time": "",
    "region": "",
    "resources": [],
    "detail": {},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Cloud:
    """One account and region, and one stage in it."""

    session: boto3.session.Session
    stage: str

    def client(self, service: str) -> Any:  # noqa: ANN401 - five services, of which three have types
        """Return a client that waits for a migration, and sends nothing twice by itself."""
        config = botocore.config.Config(read_timeout=INVOKE_SECONDS, retries={"total_max_attempts": 1})
        return self.session.client(service, config=config)

    def account(self) -> str:
        """Return whose account it is: a call that fails without credentials."""
        return str(self.client("sts").get_caller_identity()["Account"])

    def postgres_minors(self, major: str) -> list[str]:
        """Return the versions of a major one that the region offers."""
        pages = self.client("rds").get_paginator("describe_db_engine_versions")
        found = pages.paginate(Engine="postgres")
        versions = [one["EngineVersion"] for page in found for one in page["DBEngineVersions"]]
        return [version for version in versions if version.split(".")[0] == major]

    def name(self, function: str) -> str:
        """Return Lambda's name of a function."""
        return f"{APP}-{self.stage}" + (f"-{function}" if function else "")

    def invoke(self, function: str, event: Mapping[str, Any]) -> Any:  # noqa: ANN401 - JSON
        """Return what a function answers. Raises: ReleaseFault with what it raised."""
        answer = self.client("lambda").invoke(
            FunctionName=self.name(function), Payload=json.dumps(event).encode()
        )
        told = json.loads(answer["Payload"].read() or b"null")
        if "FunctionError" in answer:
            what = f"{told.get('errorType')}: {told.get('errorMessage')}" if isinstance(told, dict) else told
            raise ReleaseFault(f"{function} failed: {what}")
        return told

    def has(self, function: str) -> bool:
        """Tell whether a function was ever deployed."""
        client = self.client("lambda")
        try:
            client.get_function_configuration(FunctionName=self.name(function))
        except client.exceptions.ResourceNotFoundException:
            return False
        return True

    def replace_code(self, function: str, package: Path) -> None:
        """Give one function another package, and wait until it runs that."""
        client = self.client("lambda")
        client.update_function_code(FunctionName=self.name(function), ZipFile=package.read_bytes())
        client.get_waiter("function_updated_v2").wait(FunctionName=self.name(function))

    def running(self, function_arns: Iterable[str]) -> Iterator[tuple[str, str]]:
        """Yield each function with the SHA-256 of what it runs, in hex."""
        client = self.client("lambda")
        for arn in function_arns:
            told = client.get_function_configuration(FunctionName=arn)
            yield arn, base64.b64decode(told["CodeSha256"]).hex()

    def prepare_database(self, secret_arn: str) -> None:
        """Have the owner's role made with the master's password, and the password changed in any case."""
        secrets_manager = self.client("secretsmanager")
        login = json.loads(secrets_manager.get_secret_value(SecretId=secret_arn)["SecretString"])
        try:
            self.invoke("prepare-database", {name: login[name] for name in ("username", "password")})
        finally:
            secrets_manager.rotate_secret(SecretId=secret_arn, RotateImmediately=True)

    def proxy_verifier(self, secret_arn: str, role: str) -> str:
        """Return the verifier of the proxy's password; make one if there is none."""
        secrets_manager = self.client("secretsmanager")
        try:
            told = secrets_manager.get_secret_value(SecretId=secret_arn)["SecretString"]
        except secrets_manager.exceptions.ResourceNotFoundException:  # a secret without a value
            told = json.dumps({"username": role, "password": secrets.token_urlsafe(32)})
            secrets_manager.put_secret_value(SecretId=secret_arn, SecretString=told)
        return verifier(json.loads(told)["password"], secrets.token_bytes(SALT_BYTES))
