"""A container starts without looking for garbage, and collects it afterwards."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from chalicelib.settings import serves_requests
from tests.architecture.sources import PROJECT

SCRIPT = """
import gc, sys
collected = []
gc.callbacks.append(lambda phase, info: collected.append(phase))
sys.path.insert(0, sys.argv[1])
import app
print(len(collected) < 10, gc.isenabled(), gc.get_freeze_count() > 50_000)
"""


def test_no_garbage_is_looked_for_while_the_app_is_imported_and_it_is_afterwards() -> None:
    command = (sys.executable, "-B", "-c", SCRIPT, str(PROJECT))
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=True)  # noqa: S603 - ours
    assert done.stdout.split() == ["True", "True", "True"]


@pytest.mark.parametrize(
    ("environment", "serves"),
    [
        ({}, False),  # a developer's machine, and Chalice that packages there
        ({"_HANDLER": "app.app"}, False),
        ({"AWS_LAMBDA_RUNTIME_API": "127.0.0.1:9001", "_HANDLER": "app.purge"}, False),
        ({"AWS_LAMBDA_RUNTIME_API": "127.0.0.1:9001", "_HANDLER": "app.app"}, True),
    ],
)
def test_only_the_function_behind_the_api_prepares_for_requests(
    environment: dict[str, str], *, serves: bool
) -> None:
    assert serves_requests(environment) is serves


def test_a_container_whose_services_cannot_be_made_starts_and_answers(tmp_path: Path) -> None:
    there = {
        "AWS_LAMBDA_RUNTIME_API": "127.0.0.1:9001",
        "_HANDLER": "app.app",
        "AWS_LAMBDA_FUNCTION_NAME": "api",
    }
    script = "import sys; sys.path.insert(0, sys.argv[1]); import app; print(app.app({}, None)['statusCode'])"
    command = (sys.executable, "-B", "-c", script, str(PROJECT))
    done = subprocess.run(command, cwd=tmp_path, env=there, capture_output=True, text=True, check=True)  # noqa: S603 - ours
    *told, status = done.stdout.splitlines()
    assert status == "500"
    assert [json.loads(line)["event"] for line in told if "invalid_settings" in line] != []
