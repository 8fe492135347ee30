"""Run Terraform the same way everywhere: without questions, without an account.

A machine that can't reach the registry may have a folder of providers (`terraform providers mirror` makes
one). It is looked for, and used, only where the developer has no configuration of Terraform's command line.
"""

import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Final

PROJECT: Final = Path(__file__).resolve().parents[1]
INFRA: Final = PROJECT / "infra"
STAGES: Final = ("dev", "staging", "prod")
CONFIGURATION: Final = PROJECT / ".local" / "terraform" / "terraform.rc"
MIRRORED: Final = "registry.terraform.io/hashicorp/aws"
DEPTHS: Final = ("*", "*/*")  # folders below the root that may hold a mirror
SECONDS_MAX: Final = 600
MISSING: Final = """Terraform is missing: the infrastructure can't be checked without it.
Install 1.11 or later (https://developer.hashicorp.com/terraform/install). `make test` needs none."""


def run(
    *words: str,
    folder: Path = INFRA,
    outer: dict[str, str] | None = None,
    seconds_max: float = SECONDS_MAX,
) -> str:
    """Return what Terraform prints in a folder; `outer` is added to its environment.

    Raises: subprocess.CalledProcessError, whose `output` says why; SystemExit without Terraform.
    """
    program = shutil.which("terraform") or sys.exit(MISSING)
    return subprocess.run(
        (program, *words),
        cwd=folder,
        env=environment() | (outer or {}),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=True,
        timeout=seconds_max,
    ).stdout


@cache
def environment() -> dict[str, str]:
    """Return the environment that Terraform runs in: no credentials, no questions, no colours."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "TF_"))}
    given = os.environ.get("TF_CLI_CONFIG_FILE", "")
    configuration = given if Path(given).is_file() else _configuration()
    return kept | {
        "CHECKPOINT_DISABLE": "1",
        "TF_IN_AUTOMATION": "1",
        "TF_INPUT": "0",
        "TF_CLI_ARGS": "-no-color",
        **({"TF_CLI_CONFIG_FILE": configuration} if configuration else {}),
    }


def _configuration() -> str | None:
    """Write a configuration that names the mirror, if there is one and no file of the developer's."""
    if (Path.home() / ".terraformrc").exists():
        return None
    mirror = find_mirror()
    if mirror is None:
        return None
    CONFIGURATION.parent.mkdir(parents=True, exist_ok=True)
    CONFIGURATION.write_text(
        f'provider_installation {{\n  filesystem_mirror {{\n    path = "{mirror}"\n  }}\n  direct {{\n'
        f'    exclude = ["{MIRRORED}"]\n  }}\n}}\n',
        encoding="utf-8",
    )
    return str(CONFIGURATION)


def find_mirror(root: Path = Path("/")) -> Path | None:
    """Return a folder near the root that holds the AWS provider the way a mirror does."""
    found = (each for depth in DEPTHS for each in sorted(root.glob(f"{depth}/{MIRRORED}")))
    return next((each.parents[2] for each in found), None)
