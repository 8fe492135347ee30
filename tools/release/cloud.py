"""What a release asks of AWS itself, with the deployer's own credentials."""

import base64
import json
import secrets
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import boto3.session
import botocore.config
from chalice.config import Config

from tools.policies import APP
from tools.release.fault import ReleaseFault
from tools.release.record import Release
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

    def python_of(self, function: str) -> str:
        """Return the runtime that a deployed function has."""
        told = self.client("lambda").get_function_configuration(FunctionName=self.name(function))
        return str(told["Runtime"])

    def replace(self, function: str, release: Release, package: Path) -> None:
        """Give one function all that a release has for it, and wait until it runs that.

        First what AWS may refuse: a runtime that it no longer offers changes nothing. The code comes last, so
        that nothing runs it in another release's environment.
        """
        client, name = self.client("lambda"), self.name(function)
        chosen = Config(self.stage, function, config_from_disk=release.config)
        client.update_function_configuration(
            FunctionName=name,
            Runtime=release.python,
            Environment={"Variables": chosen.environment_variables},
            Timeout=chosen.lambda_timeout,
            MemorySize=chosen.lambda_memory_size,
            VpcConfig={
                "SubnetIds": chosen.subnet_ids or [],
                "SecurityGroupIds": chosen.security_group_ids or [],
            },
        )
        client.get_waiter("function_updated_v2").wait(FunctionName=name)
        self.client("iam").put_role_policy(  # Chalice names role and policy after the function
            RoleName=name, PolicyName=name, PolicyDocument=release.policy_of(function)
        )
        client.update_function_code(
            FunctionName=name, ZipFile=package.read_bytes(), Architectures=[release.architecture]
        )
        client.get_waiter("function_updated_v2").wait(FunctionName=name)
        client.get_waiter("function_active_v2").wait(FunctionName=name)

    def running(self, function_arns: Iterable[str]) -> Iterator[tuple[str, str]]:
        """Yield each function with the SHA-256 of what it runs, in hex."""
        client = self.client("lambda")
        for arn in function_arns:
            told = client.get_function_configuration(FunctionName=arn)
            yield arn, base64.b64decode(told["CodeSha256"]).hex()

    def apis(self) -> Iterator[str]:
        """Yield the ids of the REST APIs that call this stage's function: also one that no record knows."""
        client, function = self.client("apigateway"), f":function:{self.name('')}/invocations"
        for page in client.get_paginator("get_rest_apis").paginate():
            for api in page["items"]:
                if api["name"] == APP and function in json.dumps(self._routes(client, api["id"])):
                    yield api["id"]

    def _routes(self, client: Any, api: str) -> list[Any]:  # noqa: ANN401 - as `client`
        found = client.get_paginator("get_resources").paginate(restApiId=api, embed=["methods"])
        return [each for page in found for each in page["items"]]

    def unprotect_table(self, table: str) -> None:
        """Let a table be deleted; one that is gone already is no fault."""
        client = self.client("dynamodb")
        try:
            client.update_table(TableName=table, DeletionProtectionEnabled=False)
        except client.exceptions.ResourceNotFoundException:
            return

    def key_deleted_on(self, arn: str) -> datetime | None:
        """Return when AWS deletes a key; nothing if it is gone, or isn't to be deleted."""
        client = self.client("kms")
        try:
            told = client.describe_key(KeyId=arn)["KeyMetadata"]
        except client.exceptions.NotFoundException:
            return None
        date: datetime | None = told.get("DeletionDate")
        return date

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
