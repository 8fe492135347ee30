"""Remove what Chalice made of a stage: by its record, and by name, so that half a deployment goes too.

`chalice delete` stops at what is gone already, and knows nothing of a deployment that died before its record
was written. Everything here may be repeated.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from tools.policies import API, needs
from tools.release.cloud import Cloud

API_ROLE: Final = "api_handler"


def remove(cloud: Cloud, deployed: Mapping[str, Any] | None) -> None:
    """Delete a stage's API, schedules, functions and their roles, in this order."""
    resources = (deployed or {}).get("resources", [])
    recorded = {one["rest_api_id"] for one in resources if one["resource_type"] == "rest_api"}
    for api in sorted(recorded | set(cloud.apis())):
        _delete(cloud.client("apigateway"), "delete_rest_api", "NotFoundException", restApiId=api)
    _schedules(cloud)
    functions = {one["lambda_arn"] for one in resources if one["resource_type"] == "lambda_function"}
    names = {arn.rpartition(":")[2] for arn in functions} | set(_names(cloud))
    for name in sorted(names):
        _delete(cloud.client("lambda"), "delete_function", "ResourceNotFoundException", FunctionName=name)
    for name in sorted({*names, cloud.name(API_ROLE)}):
        _role(cloud.client("iam"), name)


def _names(cloud: Cloud) -> Iterator[str]:
    for function in needs:
        yield cloud.name("" if function == API else function)


def _schedules(cloud: Cloud) -> None:
    events = cloud.client("events")
    for rule in events.list_rules(NamePrefix=f"{cloud.name('')}-")["Rules"]:
        targets = events.list_targets_by_rule(Rule=rule["Name"])["Targets"]
        if targets:
            events.remove_targets(Rule=rule["Name"], Ids=[one["Id"] for one in targets])
        _delete(events, "delete_rule", "ResourceNotFoundException", Name=rule["Name"])


def _role(iam: Any, name: str) -> None:  # noqa: ANN401 - as Cloud.client
    try:
        policies = iam.list_role_policies(RoleName=name)["PolicyNames"]
    except iam.exceptions.NoSuchEntityException:
        return
    for policy in policies:
        iam.delete_role_policy(RoleName=name, PolicyName=policy)
    _delete(iam, "delete_role", "NoSuchEntityException", RoleName=name)


def _delete(client: Any, act: str, gone: str, **what: str) -> None:  # noqa: ANN401 - as Cloud.client
    try:
        getattr(client, act)(**what)
    except getattr(client.exceptions, gone):
        return
    print(f"   {act} {' '.join(what.values())}", flush=True)
