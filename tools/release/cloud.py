"""What a release asks of AWS itself, with the deployer's own credentials."""

import base64
import json
import secrets
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import boto3.session
import botocore.config
from botocore.exceptions import ClientError
from chalice.config import Config

from tools.policies import APP
from tools.release.fault import ReleaseFault
from tools.release.record import Release
from tools.release.scram import verifier

INVOKE_SECONDS: Final = 310  # a migration may take Lambda's 300
SALT_BYTES: Final = 16
# Lambda takes the network interfaces of a function away that nobody invoked for weeks; the next call is
# refused while it makes new ones (lambda/latest/dg/functions-states.html, aws-cdk#22612).
NOT_READY: Final = {"ENINotReadyException", "ResourceConflictException", "ResourceNotReadyException"}
# docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-security-policies-update.html
TLS_POLICY: Final = "SecurityPolicy_TLS13_1_2_2021_06"
READY_ATTEMPTS: Final = 19  # 3 minutes
READY_SECONDS: Final = 10.0
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

    def containers_max(self) -> int:
        """Return how many containers all functions of the account may have at once."""
        told = self.client("lambda").get_account_settings()
        return int(told["AccountLimit"]["ConcurrentExecutions"])

    def sees_billing(self) -> bool:
        """Tell whether the account lets IAM see billing, and so make a budget."""
        try:
            self.client("budgets").describe_budgets(AccountId=self.account(), MaxResults=1)
        except ClientError as error:
            if error.response["Error"]["Code"] == "AccessDeniedException":
                return False
            raise
        return True

    def other_trails(self) -> list[str]:
        """Return the trails of this account that aren't a stage's."""
        found = self.client("cloudtrail").describe_trails(includeShadowTrails=True)["trailList"]
        return [one["Name"] for one in found if not one["Name"].startswith(f"{APP}-")]

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
        answer = self._invoked(function, json.dumps(event).encode())
        told = json.loads(answer["Payload"].read() or b"null")
        if "FunctionError" in answer:
            what = f"{told.get('errorType')}: {told.get('errorMessage')}" if isinstance(told, dict) else told
            raise ReleaseFault(f"{function} failed: {what}")
        return told

    def _invoked(self, function: str, payload: bytes) -> Any:  # noqa: ANN401 - as `client`
        """Invoke a function, again while Lambda gets it ready: one that slept for weeks refuses at first.

        A refused call delivered no event, so nothing is done twice.
        """
        client = self.client("lambda")
        for attempt in range(1, READY_ATTEMPTS + 1):
            try:
                return client.invoke(FunctionName=self.name(function), Payload=payload)
            except ClientError as error:
                if error.response["Error"]["Code"] not in NOT_READY or attempt == READY_ATTEMPTS:
                    raise
            print(f"   {function} isn't ready yet", flush=True)
            time.sleep(READY_SECONDS)
        raise AssertionError("the last attempt returns or raises")

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

    def secure(self, api: str) -> None:
        """Have an API take TLS 1.3, and of 1.2 only what AWS calls secure; its first policy is a legacy one.

        AWS takes 15 minutes for it, in which the API answers. It isn't worth going back from a good release.
        """
        client = self.client("apigateway")
        if client.get_rest_api(restApiId=api).get("securityPolicy") == TLS_POLICY:
            return
        told = {"/securityPolicy": TLS_POLICY, "/endpointAccessMode": "STRICT"}
        operations = [{"op": "replace", "path": path, "value": value} for path, value in told.items()]
        try:
            client.update_rest_api(restApiId=api, patchOperations=operations)
        except ClientError as error:
            print(f"   LOOK: the API keeps its legacy TLS policy: {error}", flush=True)

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
