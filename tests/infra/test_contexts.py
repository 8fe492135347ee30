"""The keys' policies against the code that they let in: the contexts must be the very same."""

import json
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from chalicelib.domain.egress import EgressKind, client_key_context, egress_context
from chalicelib.domain.key_life import data_key_context
from chalicelib.domain.keys import ServiceKeyUse
from chalicelib.domain.webhooks import webhook_secret_context
from chalicelib.services.keyring import service_key_context, signing_key_context
from tools.terraform import run

CONTEXTS = {
    "apple_client_key": client_key_context("team", "key"),
    "egress": egress_context("apple_revoke.1", EgressKind.APPLE_REVOKE),
    "webhook_secret": webhook_secret_context(UUID(int=1), 1),
    "personal_data": data_key_context(UUID(int=1), 1),
    "service_key": service_key_context(ServiceKeyUse.CHALLENGE, 1),
    "signing_key": signing_key_context("kid"),
}
KEY_OF = {
    **dict.fromkeys(("apple_client_key", "egress", "webhook_secret"), "personal_data"),
    "personal_data": "personal_data",
    "service_key": "personal_data",
    "signing_key": "signing",
}


@pytest.fixture(scope="session")
def planned(ready: Path) -> dict[str, Any]:
    """What prod would be made of, by address."""
    words = ("test", "-json", "-verbose", "-var-file=stages/prod.tfvars", "-filter=tests/stages.tftest.hcl")
    events = (json.loads(line) for line in run(*words, folder=ready).splitlines() if line.startswith("{"))
    (plan,) = (event["test_plan"] for event in events if event["type"] == "test_plan")
    return {change["address"]: change["change"]["after"] for change in plan["resource_changes"]}


@pytest.mark.parametrize("purpose", CONTEXTS)
def test_a_key_lets_in_the_context_that_the_code_sends_and_no_other(
    planned: dict[str, Any], purpose: str
) -> None:
    policy = json.loads(planned[f'module.keys.aws_kms_key.this["{KEY_OF[purpose]}"]']["policy"])
    conditions = [
        statement["Condition"]
        for statement in policy["Statement"]
        if "Condition" in statement
        and statement["Condition"]["StringEquals"]["kms:EncryptionContext:purpose"] == purpose
    ]
    fields = sorted(CONTEXTS[purpose])
    assert CONTEXTS[purpose]["purpose"] == purpose
    assert [
        condition["ForAllValues:StringEquals"]["kms:EncryptionContextKeys"] for condition in conditions
    ] == [fields]
    assert conditions[0]["Null"] == {f"kms:EncryptionContext:{field}": "false" for field in fields}


def test_no_log_group_is_kept_longer_than_declared_or_left_in_clear(planned: dict[str, Any]) -> None:
    groups = [group for address, group in planned.items() if ".aws_cloudwatch_log_group." in address]
    assert len(groups) > len(CONTEXTS)
    assert {group["retention_in_days"] for group in groups} == {365}


def test_whatever_can_be_tagged_says_whose_it_is(planned: dict[str, Any]) -> None:
    untagged = [
        address
        for address, made in planned.items()
        if made and "tags_all" in made and (made["tags_all"] or {}).get("Stage") != "prod"
    ]
    assert untagged == []
