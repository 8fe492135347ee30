"""A release for another Python is carried over whole, forwards and back, or refused at once."""

import hashlib
import json
import os
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from local.aws import LocalAws, aws_environment, local_session
from tests.conftest import RUN
from tests.release.made import OUTPUTS
from tests.release.test_config import GOOGLE
from tools.release import config
from tools.release.cloud import Cloud
from tools.release.deploying import check, deploy
from tools.release.fault import ReleaseFault
from tools.release.record import Release
from tools.release.shelf import sha256

APP = """
from chalice import Chalice
app = Chalice("serenya-auth")

@app.lambda_function(name="migrate")
def migrate(event, context):
    return {}
"""
OLD, NEW = "python3.12", "python3.13"


@pytest.fixture(scope="module")
def aws() -> Iterator[LocalAws]:
    with LocalAws(RUN / "aws-another-python") as aws:
        yield aws


@pytest.fixture
def cloud(aws: LocalAws, monkeypatch: pytest.MonkeyPatch) -> Cloud:
    for name, value in aws_environment(aws.endpoint_url).items():
        monkeypatch.setenv(name, value)
    return Cloud(session=local_session(), stage="dev")


def package_for(python: str, folder: Path) -> Path:
    made = folder / f"{python}.zip"
    with zipfile.ZipFile(made, "w") as zipped:
        zipped.writestr("app.py", APP)
        zipped.writestr(f"native.cpython-3{python.partition('.')[2]}-aarch64-linux-gnu.so", python)
    return made


def release_for(python: str, package: Path, **environment: str) -> Release:
    allowed = {
        "Sid": python.replace(".", ""),
        "Effect": "Allow",
        "Action": "logs:PutLogEvents",
        "Resource": "*",
    }
    function = {"iam_policy_file": "policies/dev/migrate.json"}
    stage = {"environment_variables": environment, "lambda_functions": {"migrate": function}}
    return Release(
        stage="dev",
        package_sha256=sha256(package),
        commit="abc",
        revision="0001",
        config={
            "version": "2.0",
            "app_name": "serenya-auth",
            "autogen_policy": False,
            "lambda_architecture": "arm64",
            "lambda_memory_size": 1024,
            "lambda_timeout": 15,
            "stages": {"dev": stage},
        },
        policies={"policies/dev/migrate.json": json.dumps({"Version": "2012-10-17", "Statement": [allowed]})},
        python=python,
    )


def deployed(cloud: Cloud) -> dict[str, Any]:
    client, name = cloud.client("lambda"), cloud.name("migrate")
    told = client.get_function_configuration(FunctionName=name)
    policy = cloud.client("iam").get_role_policy(RoleName=name, PolicyName=name)["PolicyDocument"]
    return {
        "python": told["Runtime"],
        "architecture": told["Architectures"],
        "environment": told.get("Environment", {}).get("Variables", {}),
        "policy": policy["Statement"][0]["Sid"],
    }


def test_chalice_deploys_for_the_python_of_the_release_and_not_for_the_one_that_runs_it(
    cloud: Cloud, tmp_path: Path
) -> None:
    before: dict[str, Any] | None = None
    for python in (OLD, NEW, OLD):  # forwards, and back
        package = package_for(python, tmp_path)
        before = deploy(release_for(python, package, WHICH=python), package, before, cloud)
        assert deployed(cloud) == {
            "python": python,
            "architecture": ["arm64"],
            "environment": {"WHICH": python},
            "policy": python.replace(".", ""),
        }


def test_migrate_gets_runtime_environment_and_policy_before_the_code(cloud: Cloud, tmp_path: Path) -> None:
    old, new = (package_for(python, tmp_path) for python in (OLD, NEW))
    deploy(release_for(OLD, old), old, None, cloud)
    cloud.replace("migrate", release_for(NEW, new, REQUIRED="now"), new)
    assert deployed(cloud) == {
        "python": NEW,
        "architecture": ["arm64"],
        "environment": {"REQUIRED": "now"},
        "policy": NEW.replace(".", ""),
    }
    assert cloud.python_of("migrate") == NEW


@pytest.mark.parametrize("python", [NEW, ""])
def test_a_package_that_is_not_for_the_recorded_python_is_refused_before_anything_changes(
    tmp_path: Path, python: str
) -> None:
    package = package_for(OLD, tmp_path)
    release = release_for(OLD, package)
    check(release, package)
    with pytest.raises(ReleaseFault, match=r"python3\.12.*arm64"):
        check(replace(release, python=python), package)


def test_a_release_that_was_kept_before_pythons_were_recorded_keeps_its_id(tmp_path: Path) -> None:
    kept = json.loads(release_for(OLD, package_for(OLD, tmp_path)).to_json())
    del kept["python"]
    text = json.dumps(kept, sort_keys=True)
    release = Release.of_json(text)
    assert (release.id, release.to_json()) == (hashlib.sha256(text.encode()).hexdigest(), text)


def test_a_setting_that_the_service_can_not_do_without_is_named_before_the_release(tmp_path: Path) -> None:
    (tmp_path / ".chalice").mkdir()
    operators = {"GOOGLE_CLIENTS": GOOGLE}
    stages = {"dev": {"environment_variables": operators}}
    written = {"version": "2.0", "app_name": "serenya-auth", "stages": stages}
    (tmp_path / ".chalice/config.json").write_text(json.dumps(written))
    wanted = config.files(tmp_path, OUTPUTS, "https://abc.execute-api.eu-west-1.amazonaws.com/v1")
    config.check(wanted, tmp_path, "dev")
    broken = json.loads(wanted[tmp_path / ".chalice/config.json"])
    del broken["stages"]["dev"]["environment_variables"]["VAULT_TABLE"]
    with pytest.raises(ReleaseFault, match="VAULT_TABLE"):
        config.check(wanted | {tmp_path / ".chalice/config.json": json.dumps(broken)}, tmp_path, "dev")
    assert "VAULT_TABLE" not in os.environ
