"""Which tests run together: those that hold the specification at each change, and those that take longer."""

from enum import StrEnum
from pathlib import Path
from typing import Final

TESTS: Final = Path(__file__).resolve().parent


class Group(StrEnum):
    """What one command of make runs."""

    FAST = "fast"  # make test: all that isn't named below
    SLOW = "slow"  # make test-slow
    INFRA = "infra"  # make infra: needs Terraform
    SECURITY = "security"  # make security: needs an environment of its own
    SDK = "sdk"  # make sdk: needs Node


PLACES: Final = {
    "architecture/test_kept_ids.py": Group.SLOW,
    "local/test_readme_tour.py": Group.FAST,
    "bench": Group.SLOW,
    "commands/test_every_command.py": Group.FAST,
    "commands": Group.SLOW,
    "deploy": Group.SLOW,
    "faults": Group.SLOW,
    "infra": Group.INFRA,
    "local": Group.SLOW,
    "release": Group.SLOW,
    "sdk": Group.SDK,
    "security": Group.SECURITY,
    "setup/installing": Group.SLOW,
    "simulation": Group.SLOW,
}  # the first that fits decides


def group_of(path: Path) -> Group:
    """Return the group that a file of tests belongs to."""
    below = path.relative_to(TESTS)
    fitting = (group for place, group in PLACES.items() if below.is_relative_to(place))
    return next(fitting, Group.FAST)
