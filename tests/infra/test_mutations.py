"""Break each promise on purpose: the tests of the modules must notice, and say which one it was."""

import subprocess
from pathlib import Path

import pytest

from tools.terraform import run

NAT = """
resource "aws_nat_gateway" "out" {
  subnet_id         = "subnet-1"
  connectivity_type = "private"
}
"""
OFFICE = """
resource "aws_vpc_security_group_ingress_rule" "office" {
  security_group_id = GROUP
  cidr_ipv4         = "203.0.113.0/24"
  ip_protocol       = "tcp"
  from_port         = 5432
  to_port           = 5432
}
"""
LEGACY = """
resource "aws_security_group_rule" "office" {
  type              = "ingress"
  security_group_id = GROUP
  cidr_blocks       = ["203.0.113.0/24"]
  protocol          = "tcp"
  from_port         = 5432
  to_port           = 5432
}
"""
BY_ACCOUNT = 'Condition = { StringEquals = { "aws:SourceAccount" = var.account_id } }\n'
MUTATIONS = {
    "the database gets a public address": (
        *("database/main.tf", "publicly_accessible    = false", "publicly_accessible = true"),
        "No public address.",
    ),
    "the database opens to addresses": (
        "database/security_groups.tf",
        "referenced_security_group_id = each.value.from",
        'cidr_ipv4 = "10.0.0.0/8"',
        "It is reached by group",
    ),
    "the database gets a second group": (
        "database/main.tf",
        "vpc_security_group_ids = [aws_security_group.database.id]",
        "vpc_security_group_ids = [aws_security_group.database.id, var.functions_security_group_id]",
        "No other group opens it.",
    ),
    "TLS is no longer forced": (
        *("database/parameters.tf", '"rds.force_ssl"            = 1', '"rds.force_ssl" = 0'),
        "PostgreSQL refuses connections without TLS",
    ),
    "the storage isn't encrypted": (
        *("database/main.tf", "storage_encrypted     = true", "storage_encrypted = false"),
        "encrypted with the storage key",
    ),
    "prod may be deleted": (
        *("database/main.tf", "deletion_protection      = var.is_guarded", "deletion_protection = false"),
        "Deletion is refused",
    ),
    "rotation of the keys is dropped": (
        *("keys/main.tf", "enable_key_rotation     = true", "enable_key_rotation = false"),
        "Every key is rotated",
    ),
    "a key opens without its context": (
        *("keys/main.tf", '"kms:EncryptionContext:purpose" = purpose', '"kms:KeySpec" = "SYMMETRIC_DEFAULT"'),
        "Use demands the purpose",
    ),
    "EventBridge must name its account to use the key": (
        "keys/storage.tf",
        'Service = ["budgets.amazonaws.com", "events.amazonaws.com"] }\n',
        f'Service = ["budgets.amazonaws.com", "events.amazonaws.com"] }}\n{BY_ACCOUNT}',
        "name no source account when they publish",
    ),
    "EventBridge must name its account to publish": (
        "observability/main.tf",
        'Principal = { Service = "events.amazonaws.com" }\n',
        f'Principal = {{ Service = "events.amazonaws.com" }}\n{BY_ACCOUNT}',
        "only where no condition is asked of it",
    ),
    "the default group opens": (
        "network/main.tf",
        'tags = { Name = "${var.name}-default-closed" }',
        "ingress {\n    protocol  = -1\n    self      = true\n    from_port = 0\n    to_port   = 0\n  }",
        "lets nothing through",
    ),
    "the flow logs are kept for ever": (
        *("network/flow_logs.tf", "retention_in_days = var.log_retention_days", "retention_in_days = 0"),
        "Retention and key as declared.",
    ),
}


def refusal(folder: Path, *words: str) -> str:
    """Return what the tests in a folder say; they must fail."""
    with pytest.raises(subprocess.CalledProcessError) as caught:
        run("test", *words, folder=folder)
    return " ".join(str(caught.value.output).split())


@pytest.mark.parametrize("stage", ["dev", "staging", "prod"])
def test_a_nat_gateway_in_any_module_fails(copy: Path, stage: str) -> None:
    module = {"dev": "network", "staging": "database", "prod": "storage"}[stage]
    (copy / "modules" / module / "out.tf").write_text(NAT, encoding="utf-8")
    said = refusal(copy, f"-var-file=stages/{stage}.tfvars", "-filter=tests/stages.tftest.hcl")
    assert f"module.{module}.aws_nat_gateway.out" in said
    assert "no_way_out" in said


@pytest.mark.parametrize("rule", [OFFICE, LEGACY])
def test_a_narrow_address_that_is_let_in_to_the_database_fails(copy: Path, rule: str) -> None:
    module = copy / "modules" / "database"
    (module / "in.tf").write_text(rule.replace("GROUP", "aws_security_group.database.id"), encoding="utf-8")
    assert "no_way_in" in refusal(module)


def test_an_address_that_is_let_in_from_outside_the_module_fails(copy: Path) -> None:
    (copy / "in.tf").write_text(
        OFFICE.replace("GROUP", "module.database.security_group_id"), encoding="utf-8"
    )
    said = refusal(copy, "-var-file=stages/dev.tfvars", "-filter=tests/stages.tftest.hcl")
    assert "aws_vpc_security_group_ingress_rule.office" in said
    assert "no_way_in" in said


@pytest.mark.parametrize("name", MUTATIONS)
def test_a_broken_promise_fails(copy: Path, name: str) -> None:
    place, old, new, words = MUTATIONS[name]
    file = copy / "modules" / place
    text = file.read_text(encoding="utf-8")
    assert old in text, f"{place} no longer says {old!r}: break it another way"
    file.write_text(text.replace(old, new), encoding="utf-8")
    assert words in refusal(file.parent)
