"""Run Terraform for a release: the root before Chalice, the edge after it; destroy nothing by the way."""

import json
import os
import re
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tools.release.fault import ReleaseFault
from tools.terraform import run

SECONDS_MAX: Final = 4200  # a new database, with a standby, takes half an hour
CHANGES: Final = re.compile(r"^  # .*|^Plan: .*|^No changes\..*", re.MULTILINE)
NOTHING: Final = "No changes."  # of outputs neither: Terraform's own words
DESTROYING: Final = "delete"
PAID_BY_THE_HOUR: Final = (  # and what stops the server again, which RDS starts by itself
    "module.network.aws_vpc_endpoint.kms",
    "module.database.aws_scheduler_schedule.stop",
    "module.database.aws_iam_role.stop",
    "module.database.aws_iam_role_policy.stop",
)
DATA: Final = re.compile(r"^(module\.[^.]+\.)*data\.")
OF_THE_ACCOUNT: Final = re.compile(
    r"\.(aws_api_gateway_account|aws_iam_role|aws_iam_role_policy_attachment)\.logs\["
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Infrastructure:
    """The two roots of one stage, their states in one bucket."""

    project: Path
    stage: str
    region: str
    bucket: str
    may_destroy: bool

    def apply(self) -> None:
        """Bring what stands before the functions to what infra/ says. Raises: ReleaseFault."""
        folder, plan = self.project / "infra", f"{self.stage}.tfplan"
        self._init(folder, self.stage)
        told = self._shown(folder, "plan", f"-out={plan}")
        if told.startswith(NOTHING):
            return
        doomed = [] if self.may_destroy else list(self._doomed(folder, plan))
        if doomed:
            raise ReleaseFault("\n".join(["The plan destroys; if that is meant, give DESTROY=yes:", *doomed]))
        self._run(folder, "apply", plan)

    def select(self) -> None:
        """Look at this stage's state, and change nothing. Raises: ReleaseFault."""
        self._init(self.project / "infra", self.stage)

    def apply_edge(
        self, rest_api_id: str, label: str, *, has_egress: bool, cors_headers: Mapping[str, str]
    ) -> None:
        """Put back around the API what Chalice's deployment took away. Raises: ReleaseFault."""
        folder = self.project / "infra" / "edge"
        self._init(folder, f"{self.stage}-edge")
        told = {
            "rest_api_id": rest_api_id,
            "release": label,
            "has_egress": str(has_egress).lower(),
            "cors_headers": json.dumps(cors_headers),
        }
        self._shown(
            folder, "apply", "-auto-approve", *(f"-var={name}={value}" for name, value in told.items())
        )

    def set_asleep(self, *, is_asleep: bool) -> None:
        """Take away, or bring back, what is paid by the hour, and nothing else. Raises: ReleaseFault."""
        folder = self.project / "infra"
        self.select()
        targets = [f"-target={one}" for one in PAID_BY_THE_HOUR]
        variable = f"-var=is_asleep={str(is_asleep).lower()}"
        self._shown(folder, "apply", "-auto-approve", variable, *targets)

    def standing(self) -> dict[str, dict[str, Any]]:
        """Return what stands of the first root, by address. Raises: ReleaseFault."""
        self.select()
        told = json.loads(self._run(self.project / "infra", "show", "-json"))
        return dict(_resources(told.get("values", {}).get("root_module", {})))

    def destroy_edge(self) -> None:
        """Destroy what stands around the API, but not what the whole account uses. Raises: ReleaseFault."""
        folder = self.project / "infra" / "edge"
        self._init(folder, f"{self.stage}-edge")
        doomed = [one for one in self._addresses(folder) if not OF_THE_ACCOUNT.search(one)]
        if doomed:
            told = {"rest_api_id": "none", "release": "none", "has_egress": "false", "imports_stage": "false"}
            variables = [f"-var={name}={value}" for name, value in told.items()]
            targets = [f"-target={one}" for one in doomed]
            self._shown(folder, "destroy", "-auto-approve", *variables, *targets)

    def destroy(self, spared: str) -> None:
        """Destroy the first root; forget, and leave standing, what is spared. Raises: ReleaseFault."""
        folder = self.project / "infra"
        kept = [one for one in self._addresses(folder) if re.search(spared, one)]
        if kept:
            self._run(folder, "state", "rm", *kept)
        self._shown(folder, "destroy", "-auto-approve")

    def _addresses(self, folder: Path) -> list[str]:
        told = self._run(folder, "state", "list").splitlines()
        return [one for one in told if one and not DATA.search(one)]

    def _init(self, folder: Path, state: str) -> None:
        backend = {"bucket": self.bucket, "region": self.region, "key": f"serenya-auth/{state}.tfstate"}
        self._run(
            folder, "init", "-reconfigure", *(f"-backend-config={name}={backend[name]}" for name in backend)
        )

    def _shown(self, folder: Path, *words: str) -> str:
        """Return what is to change, having shown it."""
        told = self._run(folder, *words, f"-var-file=stages/{self.stage}.tfvars")
        changes = "\n".join(CHANGES.findall(told))
        print(changes, flush=True)
        return changes

    def _doomed(self, folder: Path, plan: str) -> list[str]:
        told = json.loads(self._run(folder, "show", "-json", plan))
        return [
            change["address"]
            for change in told.get("resource_changes", [])
            if DESTROYING in change["change"]["actions"]
        ]

    def _run(self, folder: Path, *words: str) -> str:
        try:
            return run(*words, folder=folder, outer=dict(credentials()), seconds_max=SECONDS_MAX)
        except subprocess.CalledProcessError as error:
            raise ReleaseFault(f"terraform {words[0]} failed in {folder.name}:\n{error.output}") from error


def _resources(module: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for resource in module.get("resources", []):
        if resource["mode"] == "managed":
            yield resource["address"], resource["values"]
    for child in module.get("child_modules", []):
        yield from _resources(child)


def credentials() -> Mapping[str, str]:
    """Return what of our environment is for AWS and Terraform's variables."""
    return {name: value for name, value in os.environ.items() if name.startswith(("AWS_", "TF_VAR_"))}
