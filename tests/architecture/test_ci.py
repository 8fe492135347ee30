"""CI leaves out nothing: a step that fails is counted, and a tool that is missing is named."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.groups import Group
from tools.test_ids import PROJECT

TARGETS = {
    Group.FAST: "run_make test\n",
    Group.SLOW: "run_make test-slow\n",
    Group.SECURITY: "run_make security\n",
    Group.INFRA: "run_make infra\n",
    Group.SDK: "run_make sdk\n",
}


def steps(script: str, project: Path = PROJECT, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run lines of bash with what .ci/run and .ci/nightly share."""
    return subprocess.run(  # noqa: S603 - our own script
        [shutil.which("bash") or "bash", "-c", f". '{project}/.ci/steps'\n{script}"],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_every_group_of_tests_is_a_step_of_each_change() -> None:
    text = (PROJECT / ".ci" / "run").read_text(encoding="utf-8")
    assert set(TARGETS) == set(Group)
    assert [target for target in TARGETS.values() if target not in text] == []
    makefile = (PROJECT / "Makefile").read_text(encoding="utf-8")
    assert all(f"--group={group}" in makefile for group in (Group.FAST, Group.SLOW))


def test_the_rest_goes_on_after_a_failure_and_each_step_is_told() -> None:
    done = steps('step one true; step "number two" false; step three true; finish')
    told = [line.split(maxsplit=2)[2] for line in done.stdout.splitlines() if line.startswith("     ")]
    assert told == ["ok  one", "FAILED  number two", "ok  three", "in all"]
    assert done.stdout.endswith("Failed:\n  number two\n")
    assert done.returncode == 1
    assert steps("step one true; finish").returncode == 0


def test_what_is_missing_and_can_not_be_installed_is_named(tmp_path: Path) -> None:
    for name in ("dirname", "id"):  # and no package manager
        (tmp_path / name).symlink_to(str(shutil.which(name)))
    done = steps("step tools need the-package command -v the-program; finish", PATH=str(tmp_path))
    assert "Missing: install the package the-package" in done.stdout
    assert done.returncode == 1


@pytest.fixture
def mirror(tmp_path: Path) -> Path:
    (tmp_path / "home").mkdir()
    folder = tmp_path / "some" / "where"
    (folder / "registry.terraform.io" / "hashicorp" / "aws").mkdir(parents=True)
    return folder


SHOW = 'terraform_providers "$WHERE"; [ -f "${TF_CLI_CONFIG_FILE:-}" ] && cat "$TF_CLI_CONFIG_FILE"; true'


def shown(mirror: Path, **changes: str) -> str:
    places = {
        "HOME": str(mirror.parents[1] / "home"),
        "WHERE": str(mirror.parents[1]),
        "TF_CLI_CONFIG_FILE": "",
    }
    copy = mirror.parents[1] / "project"  # the file that is written is not the one that CI uses just now
    (copy / ".ci").mkdir(parents=True, exist_ok=True)
    shutil.copy(PROJECT / ".ci" / "steps", copy / ".ci")
    return steps(SHOW, copy, **(places | {"REGISTRY": "file:///nowhere"} | changes)).stdout


def test_a_folder_of_providers_is_used_where_the_registry_is_out_of_reach(mirror: Path) -> None:
    assert f'path = "{mirror}"' in shown(mirror)
    assert f'path = "{mirror}"' in shown(mirror, TF_CLI_CONFIG_FILE="/nowhere/terraform.rc")


def test_a_registry_or_a_configuration_of_the_developers_comes_first(mirror: Path, tmp_path: Path) -> None:
    own = tmp_path / "own.rc"
    own.write_text("# mine\n")
    assert shown(mirror, TF_CLI_CONFIG_FILE=str(own)) == "# mine\n"
    assert shown(mirror, REGISTRY=own.as_uri()) == ""
    (tmp_path / "home" / ".terraformrc").touch()
    assert shown(mirror) == ""
