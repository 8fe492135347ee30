"""What a stage's functions are told is what Terraform made, and no secret (L5, L6)."""

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from chalice.config import Config

from chalicelib.settings import from_environment
from tests.release.made import OUTPUTS
from tools.package import PROJECT
from tools.policies import needs
from tools.release import config
from tools.release.fault import ReleaseFault
from tools.release.outputs import Outputs

GOOGLE = json.dumps([{"client_id": "ios.example", "platforms": ["ios"], "nonce": "raw"}])
OUTPUT = re.compile(r'^output "(\w+)"', re.MULTILINE)
API_URL = "https://abc123.execute-api.eu-west-1.amazonaws.com/v1"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with the operator's part of the configuration."""
    (tmp_path / ".chalice").mkdir()
    shutil.copyfile(PROJECT / ".chalice/config.json", tmp_path / ".chalice/config.json")
    told = json.loads((tmp_path / ".chalice/config.json").read_text())
    told["stages"]["dev"]["environment_variables"] |= {"GOOGLE_CLIENTS": GOOGLE, "CONTROLLER_NAME": "Serenya"}
    (tmp_path / ".chalice/config.json").write_text(json.dumps(told))
    return tmp_path


def filled(project: Path) -> dict[str, Any]:
    config.write(config.files(project, OUTPUTS, API_URL))
    stages = json.loads((project / ".chalice/config.json").read_text())["stages"]
    return dict(stages["dev"])


def test_the_second_time_nothing_changes_and_the_first_shows_what_does(project: Path) -> None:
    wanted = config.files(project, OUTPUTS, API_URL)
    assert '+        "VAULT_TABLE": "serenya-auth-dev-vault",' in config.difference(wanted)
    config.write(wanted)
    assert config.difference(config.files(project, OUTPUTS, API_URL)) == ""


def test_the_service_can_run_in_the_environment_that_it_makes(project: Path) -> None:
    stage = filled(project)
    settings = from_environment(stage["environment_variables"] | {"AWS_REGION": "eu-west-1"})
    assert settings.database_role == "serenya_app"
    assert settings.controller.name == "Serenya"
    for name in config.OWNERS:
        own = stage["environment_variables"] | stage["lambda_functions"][name]["environment_variables"]
        assert from_environment(own | {"AWS_REGION": "eu-west-1"}).database_role == "serenya_owner"


def test_every_function_has_a_policy_of_its_own_and_three_are_outside_the_vpc(project: Path) -> None:
    stage = filled(project)
    paths = [function["iam_policy_file"] for function in stage["lambda_functions"].values()]
    assert len(set(paths)) == len(needs) == len(paths)
    assert all(json.loads((project / ".chalice" / path).read_text())["Statement"] for path in paths)
    outside = [name for name, one in stage["lambda_functions"].items() if one.get("subnet_ids") == []]
    assert outside == ["egress-deliver", "egress-sweep", "fetch-provider-keys"]
    assert stage["subnet_ids"] == OUTPUTS.values["functions_subnet_ids"]


def test_traces_are_switched_on_by_a_stage_and_every_function_may_send_them(project: Path) -> None:
    path = project / ".chalice/config.json"
    told = json.loads(path.read_text())
    told["stages"]["dev"]["xray"] = True
    path.write_text(json.dumps(told))
    stage = filled(project)
    for name, function in stage["lambda_functions"].items():
        asked = Config("dev", name, config_from_disk=json.loads(path.read_text()))
        assert asked.xray_enabled is True
        policy = json.loads((project / ".chalice" / function["iam_policy_file"]).read_text())
        allowed = {action for statement in policy["Statement"] for action in statement["Action"]}
        assert {"xray:PutTelemetryRecords", "xray:PutTraceSegments"} <= allowed


def test_other_stages_are_left_alone(project: Path) -> None:
    before = json.loads((project / ".chalice/config.json").read_text())["stages"]["prod"]
    filled(project)
    assert json.loads((project / ".chalice/config.json").read_text())["stages"]["prod"] == before


def test_a_domain_of_ones_own_stays_the_issuer(project: Path) -> None:
    told = json.loads((project / ".chalice/config.json").read_text())
    told["stages"]["dev"]["environment_variables"]["ISSUER_URL"] = "https://auth.example/v1"
    (project / ".chalice/config.json").write_text(json.dumps(told))
    config.write(config.files(project, OUTPUTS, None))
    stage = json.loads((project / ".chalice/config.json").read_text())["stages"]["dev"]
    assert stage["environment_variables"]["ISSUER_URL"] == "https://auth.example/v1"


def test_an_unknown_stage_is_refused(project: Path) -> None:
    with pytest.raises(ReleaseFault, match="dev, staging, prod"):
        config.files(project, Outputs(stage="production", values=OUTPUTS.values), None)


def test_whatever_terraform_tells_of_keys_is_used(project: Path) -> None:
    declared = OUTPUT.findall((PROJECT / "infra" / "outputs.tf").read_text(encoding="utf-8"))
    told = [name for name in declared if "kms" in name]
    assert sorted(name for name in OUTPUTS.values if "kms" in name) == sorted(told)
    stage = filled(project)
    environment = stage["environment_variables"]
    assert {name: environment[name.upper()] for name in told} == {name: OUTPUTS.values[name] for name in told}


@pytest.mark.parametrize("use", ["kms_key", "signing_kms_key"])
def test_rewrap_may_use_every_key_of_the_history(project: Path, use: str) -> None:
    filled(project)
    policy = json.loads((project / ".chalice/policies/dev/rewrap.json").read_text())
    history = OUTPUTS.values[f"{use}_history"].split(",")
    allowed = [one["Action"] for one in policy["Statement"] if one["Resource"] == history]
    assert len(history) == 2
    assert allowed == [["kms:ReEncryptFrom", "kms:ReEncryptTo"]]


def test_every_long_running_function_exists() -> None:
    assert config.LONGER.keys() <= needs.keys()
    assert needs.keys() >= config.OWNERS
