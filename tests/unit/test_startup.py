"""A container starts without looking for garbage, and collects it afterwards (issue 7's cold start)."""

import subprocess
import sys

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
