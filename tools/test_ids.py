"""Print the ids of all tests, or of one group of them (`make test-ids GROUP=slow`)."""

import subprocess
import sys
from pathlib import Path
from typing import Final

PROJECT: Final = Path(__file__).resolve().parents[1]


def collected(group: str | None = None) -> list[str]:
    """Return the ids in the order in which they run.

    Raises: subprocess.CalledProcessError, whose `output` says why.
    """
    chosen = () if group is None else (f"--group={group}",)
    command = (sys.executable, "-m", "pytest", "--collect-only", "--quiet", *chosen)
    done = subprocess.run(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True, check=True)
    return [line for line in done.stdout.splitlines() if "::" in line]


if __name__ == "__main__":
    try:
        print("\n".join(collected(*sys.argv[1:2])))
    except subprocess.CalledProcessError as error:
        sys.exit(str(error.output))
