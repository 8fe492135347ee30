"""Run Chalice's command line for another Python than its own: `python chalice_for.py python3.13 deploy`.

Chalice gives functions the Python that runs it, and has no setting for it. Here the release says which one,
so that it is deployed as it was made, whatever runs the tools (decision 0134).
"""

import os
import sys

from chalice import cli
from chalice.config import Config


def main(python: str, *words: str) -> int:
    """Do what `chalice` does; return its exit code."""
    Config.lambda_python_version = python  # type: ignore[assignment,method-assign] # a property without a setter
    if python != f"python3.{sys.version_info.minor}":  # Chalice packs by this Python's pip, for itself
        os.environ |= {"PIP_PYTHON_VERSION": python.removeprefix("python"), "PIP_ONLY_BINARY": ":all:"}
    sys.argv = ["chalice", *words]
    return int(cli.main() or 0)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
