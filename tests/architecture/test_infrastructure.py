"""What no module of infra/ may ever declare, read from the source: a module that comes later is held too."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.architecture.sources import PROJECT

INFRA = PROJECT / "infra"
WAYS_OUT = re.compile(
    r"""^\s*resource\s+"aws_(?:nat_gateway|eip\w*|internet_gateway\w*|egress_only_internet_gateway|route
    |customer_gateway|vpn_\w+|vpc_peering_connection\w*|ec2_transit_gateway\w*|default_vpc|default_subnet)\"""",
    re.VERBOSE | re.MULTILINE,
)
EVERYONE = re.compile(r'"(?:0\.0\.0\.0/0|::/0)"')
PUBLIC = re.compile(
    r"(?:publicly_accessible|map_public_ip_on_launch|associate_public_ip_address)\s*=\s*(?!false\b)\S"
)
DECLARED = re.compile(r'^(?:variable|output) "(?P<name>\w+)" \{(?P<body>.*?)^\}', re.MULTILINE | re.DOTALL)
PARTS = ("main.tf", "variables.tf", "outputs.tf", "versions.tf")


def sources() -> Iterator[Path]:
    yield from (file for file in INFRA.rglob("*.tf") if ".terraform" not in file.parts)


def modules() -> list[Path]:
    return sorted(folder for folder in (INFRA / "modules").iterdir())


def finds(rule: re.Pattern[str]) -> list[str]:
    found = [
        f"{file.relative_to(PROJECT)}: {hit[0].strip()}"
        for file in sources()
        for hit in rule.finditer(file.read_text(encoding="utf-8"))
    ]
    assert list(sources())
    return found


@pytest.mark.parametrize("rule", [WAYS_OUT, EVERYONE, PUBLIC], ids=["ways out", "everyone", "public"])
def test_nothing_leads_out_of_the_network_or_into_it(rule: re.Pattern[str]) -> None:
    assert finds(rule) == []


def test_every_module_has_its_four_parts_and_tests() -> None:
    missing = [
        f"{module.name}/{part}" for module in modules() for part in PARTS if not (module / part).exists()
    ]
    assert missing == []
    assert [module.name for module in modules() if not list(module.glob("tests/*.tftest.hcl"))] == []


def test_every_variable_and_output_is_described() -> None:
    bare = [
        f"{file.relative_to(PROJECT)}: {found['name']}"
        for file in sources()
        for found in DECLARED.finditer(file.read_text(encoding="utf-8"))
        if "description" not in found["body"]
    ]
    assert bare == []


def test_every_variable_has_a_type() -> None:
    untyped = [
        f"{file.relative_to(PROJECT)}: {found['name']}"
        for file in sources()
        for found in DECLARED.finditer(file.read_text(encoding="utf-8"))
        if found[0].startswith("variable") and not re.search(r"^\s*type\s*=", found["body"], re.MULTILINE)
    ]
    assert untyped == []


@pytest.mark.parametrize(
    ("rule", "code"),
    [
        (WAYS_OUT, 'resource "aws_nat_gateway" "this" {'),
        (WAYS_OUT, 'resource "aws_route" "out" {'),
        (EVERYONE, 'cidr_ipv4 = "0.0.0.0/0"'),
        (PUBLIC, "publicly_accessible = true"),
        (PUBLIC, "publicly_accessible = var.open"),
    ],
)
def test_the_rules_can_fail(rule: re.Pattern[str], code: str) -> None:
    assert rule.search(code)


@pytest.mark.parametrize("code", ['resource "aws_route_table" "this" {', "publicly_accessible    = false"])
def test_the_rules_leave_others_alone(code: str) -> None:
    assert not WAYS_OUT.search(code)
    assert not PUBLIC.search(code)
