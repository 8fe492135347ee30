"""What GitHub runs for us: pinned by commit, allowed as little as can be, no key stored."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tools.package import PROJECT

FILES = sorted((PROJECT / ".github" / "workflows").glob("*.yml"))
PIN = re.compile(r"[\w.-]+/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+")
ALLOWED = {
    ("ci.yml", "check"): {"contents": "read"},
    ("deploy.yml", "release"): {"contents": "read", "id-token": "write"},
    ("weekly.yml", "fresh"): {"contents": "read"},
    ("weekly.yml", "newer"): {"contents": "write", "pull-requests": "write"},
    ("providers.yml", "lock"): {"contents": "write", "pull-requests": "write"},
}


def jobs(file: Path) -> dict[str, Any]:
    return dict(yaml.safe_load(file.read_text(encoding="utf-8"))["jobs"])


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_every_action_is_pinned_by_its_full_commit(file: Path) -> None:
    uses = [line.split("uses:")[1].strip() for line in file.read_text().splitlines() if "uses:" in line]
    assert uses
    assert [one for one in uses if not PIN.fullmatch(one)] == []


def test_no_job_may_do_more_than_is_listed_here() -> None:
    told = {(file.name, name): job["permissions"] for file in FILES for name, job in jobs(file).items()}
    assert told == ALLOWED
    assert all(yaml.safe_load(file.read_text())["permissions"] == {} for file in FILES)


def test_only_a_release_gets_a_token_for_aws_and_only_in_an_environment() -> None:
    (release,) = jobs(PROJECT / ".github/workflows/deploy.yml").values()
    assert release["environment"] == "${{ inputs.stage }}"
    assert not [
        file for file in FILES if "secrets." in file.read_text() or "pull_request_target" in file.read_text()
    ]


def test_no_input_is_written_into_a_script() -> None:
    runs = [
        step["run"] for file in FILES for job in jobs(file).values() for step in job["steps"] if "run" in step
    ]
    assert [one for one in runs if "${{" in one] == []


def test_every_job_ends_by_itself() -> None:
    assert all(job["timeout-minutes"] for file in FILES for job in jobs(file).values())


def test_a_change_is_checked_by_ci_run() -> None:
    (check,) = jobs(PROJECT / ".github/workflows/ci.yml").values()
    assert [step["run"] for step in check["steps"] if "run" in step] == [".ci/run"]
