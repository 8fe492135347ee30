"""Apply prod for real, to the local AWS, and say what that one can't do: only AWS itself shows the rest.

Two lists must stay true: when moto learns one of these things, or the infrastructure gains what it can't
do, the test fails and the lists are changed.
"""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from local.aws import LocalAws, aws_environment
from tools.terraform import run

PROVIDER = """
terraform {
  backend "local" {}
}

provider "aws" {
  max_retries       = 4
  s3_use_path_style = true
}
"""
# moto lists no versions of an engine, and the provider looks at a new server for the first time after a
# minute: neither is waited for, and nothing but the proxy's target rests on the server then.
DATABASE = """
data "aws_rds_engine_version" "postgres" {
  count = 0
}

resource "aws_db_parameter_group" "this" {
  family = "postgres17"
}

resource "aws_db_instance" "this" {
  engine_version = "17.6"

  timeouts {
    create = "20s"
  }
}

output "engine_version" {
  value = "17.6"
}

output "instance_identifier" {
  value = var.name
}
"""
REFUSED = {
    "module.database.aws_db_instance.this": "not waited for, see above",
    "module.database.aws_iam_role_policy_attachment.monitoring[0]": "moto has none of AWS's own policies",
    "module.observability.aws_budgets_budget.monthly": "moto doesn't know who is told of a budget",
}
BLOCKED = {
    "module.database.aws_db_proxy_target.this[0]": "the server that it leads to",
}
EMAIL = "-var=alarm_email=oncall@example.com"
Events = list[dict[str, Any]]


@pytest.fixture(scope="session")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAws]:
    """A local AWS with nothing in it."""
    with LocalAws(tmp_path_factory.mktemp("aws")) as aws:
        yield aws


@pytest.fixture
def applied(copy: Path, aws: LocalAws) -> Events:
    """What Terraform told of an apply of prod."""
    (copy / "local_override.tf").write_text(PROVIDER, encoding="utf-8")
    (copy / "modules/database/local_override.tf").write_text(DATABASE, encoding="utf-8")
    there = aws_environment(aws.endpoint_url)
    run("init", "-reconfigure", folder=copy, outer=there)
    words = ("apply", "-auto-approve", "-json", "-parallelism=4", "-var-file=stages/prod.tfvars", EMAIL)
    with pytest.raises(subprocess.CalledProcessError) as caught:
        run(*words, folder=copy, outer=there)
    return [json.loads(line) for line in str(caught.value.output).splitlines() if line.startswith("{")]


def test_all_is_made_but_what_the_local_aws_can_not_do(applied: Events) -> None:
    errors = {
        event["diagnostic"].get("address", event["@message"]): event["@message"]
        for event in applied
        if event["@level"] == "error"
    }
    planned = {event["change"]["resource"]["addr"] for event in applied if event["type"] == "planned_change"}
    made = {event["hook"]["resource"]["addr"] for event in applied if event["type"] == "apply_complete"}
    assert errors.keys() == REFUSED.keys(), errors
    assert planned - made == REFUSED.keys() | BLOCKED.keys()
    assert len(made) > len(planned) / 2
