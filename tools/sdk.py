"""Check the TypeScript client and build its package: `make sdk`. tests/sdk tries it beside the service.

`python -m tools.sdk generate` writes its types again from the description of the API.
"""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from typing import Final

from chalicelib.routes.all import API_VERSION, ROUTES
from chalicelib.routes.openapi import document
from local.places import PROJECT
from tools.node import npm

SDK: Final = PROJECT / "sdk" / "typescript"
BUILD: Final = SDK / "build"
INSTALLED: Final = SDK / "node_modules" / ".package-lock.json"  # npm writes it last
CHECKS: Final = ("drift", "lint", "types", "test", "build")


def main(arguments: Sequence[str]) -> int:
    """Run the checks, or the script that is named; return the status of the first that fails."""
    BUILD.mkdir(exist_ok=True)
    described = document(
        ROUTES, title="serenya-auth", version=API_VERSION, server="https://api.example.com/v1"
    )
    (BUILD / "openapi.json").write_text(json.dumps(described), encoding="utf-8")
    program = npm()
    path = os.pathsep.join((os.path.dirname(program), os.environ.get("PATH", os.defpath)))  # noqa: PTH120 - a part of PATH
    steps: list[tuple[str, ...]] = (
        [("ci", "--ignore-scripts", "--no-audit", "--no-fund")] if is_outdated() else []
    )
    steps += [("run", "--silent", each) for each in arguments or CHECKS]
    steps += [] if arguments else [("pack", "--silent", "--pack-destination", str(BUILD))]
    for step in steps:
        print(f"npm {' '.join(step)}", flush=True)
        done = subprocess.run((program, *step), cwd=SDK, env=os.environ | {"PATH": path}, check=False)
        if done.returncode:
            return done.returncode
    return 0


def is_outdated() -> bool:
    """Tell whether what is installed is older than the lock."""
    lock = SDK / "package-lock.json"
    return not INSTALLED.exists() or INSTALLED.stat().st_mtime < lock.stat().st_mtime


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
