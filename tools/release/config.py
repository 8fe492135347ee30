"""Fill .chalice/config.json and the functions' policies from Terraform's outputs: `make config STAGE=dev`.

What Terraform doesn't know is the operator's, stands in the same file, and stays: the clients of providers,
who answers for the data, origins of apps on the web, a domain of one's own as ISSUER_URL.
"""

import difflib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from chalice.config import Config

from chalicelib.domain.providers import PROVIDERS
from chalicelib.settings import InvalidSettings, from_environment
from tools.policies import API, OUTSIDE_THE_VPC, needs, policy
from tools.release.fault import ReleaseFault
from tools.release.outputs import Outputs

CHALICE: Final = ".chalice"
API_IN_CHALICE: Final = "api_handler"
ISSUER_UNKNOWN: Final = (
    "https://not-deployed-yet.invalid/v1"  # until Chalice has made the API; nothing signs with it
)
OF_AWS: Final = ".execute-api."  # in every address that API Gateway makes
OWNERS: Final = frozenset({"migrate", "prepare-database", "publish-documents"})
# Seconds. A request owes its answer within 10, and a schedule's work is bounded; these do all there is to do.
LONGER: Final = {
    "audit-export": 60,
    "audit-seal": 60,  # up to 50 seals of 4,096 events, each with its write to S3
    "audit-verify": 300,
    "egress-collect": 60,
    "egress-deliver": 60,
    "egress-sweep": 60,
    "erasure-sweep": 60,
    "outbox-carry": 60,
    "migrate": 300,  # a migration's statement may take 60
    "purge": 60,
    "restore": 300,
    "rewrap": 60,
    "vault-sweep": 60,
}
ANY_REGION: Final = "eu-west-1"  # Lambda sets the function's own
Files = dict[Path, str]


def files(project: Path, outputs: Outputs, issuer: str | None) -> Files:
    """Return the configuration and each policy as they must be, by path. Raises: ReleaseFault."""
    folder = project / CHALICE
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    if outputs.stage not in config["stages"]:
        raise ReleaseFault(f"{outputs.stage} is no stage: {', '.join(config['stages'])} are")
    config["stages"][outputs.stage] = _stage(config["stages"][outputs.stage], outputs, issuer)
    policies = {
        folder / _policy_file(outputs.stage, name): _json(policy(name, outputs.place)) for name in needs
    }
    return {folder / "config.json": _json(config), **policies}


def difference(wanted: Files) -> str:
    """Return what writing would change, as a unified diff; nothing, if all is as it must be."""
    lines: list[str] = []
    for path, text in wanted.items():
        before = path.read_text(encoding="utf-8") if path.exists() else ""
        lines += difflib.unified_diff(
            before.splitlines(), text.splitlines(), fromfile=str(path), tofile=str(path), lineterm=""
        )
    return "\n".join(lines)


def write(wanted: Files) -> None:
    """Write every file that differs."""
    for path, text in wanted.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")


def check(wanted: Files, project: Path, stage: str) -> None:
    """Return if the service can run in what was written.

    Raises: ReleaseFault naming every setting that is missing or wrong.
    """
    told = json.loads(wanted[project / CHALICE / "config.json"])
    faults = {}
    for name in (API_IN_CHALICE, *sorted(OWNERS)):
        environment = Config(stage, name, config_from_disk=told).environment_variables
        try:
            from_environment({**environment, "AWS_REGION": ANY_REGION})
        except InvalidSettings as error:
            faults[str(error)] = name
    if faults:
        raise ReleaseFault("\n".join(f"{stage} can't run with these settings: {fault}" for fault in faults))


def _stage(before: Mapping[str, Any], outputs: Outputs, issuer: str | None) -> dict[str, Any]:
    operators = before.get("environment_variables", {})
    return {
        **before,
        "environment_variables": {**operators, **_environment(operators, outputs, issuer)},
        "subnet_ids": outputs.values["functions_subnet_ids"],
        "security_group_ids": [outputs.values["functions_security_group_id"]],
        "lambda_functions": {
            API_IN_CHALICE if name == API else name: _function(name, outputs) for name in sorted(needs)
        },
    }


def _environment(operators: Mapping[str, str], outputs: Outputs, issuer: str | None) -> dict[str, str]:
    bucket = outputs.values["provider_keys_bucket"]
    offered = [name for name in PROVIDERS if operators.get(f"{name.upper()}_CLIENTS")]
    return {
        "STAGE": outputs.stage,
        "DATABASE_URL": outputs.url("app_role", "host"),
        "ISSUER_URL": _issuer(operators.get("ISSUER_URL", ""), issuer),
        "KMS_KEY_ID": outputs.values["kms_key_id"],
        "KMS_KEY_HISTORY": outputs.values["kms_key_history"],
        "SIGNING_KMS_KEY_ID": outputs.values["signing_kms_key_id"],
        "SIGNING_KMS_KEY_HISTORY": outputs.values["signing_kms_key_history"],
        "VAULT_TABLE": outputs.values["vault_table"],
        "EGRESS_TABLE": outputs.values["egress_table"],
        "EVIDENCE_BUCKET": outputs.values["evidence_bucket"],
        **{f"{name.upper()}_KEYS_URL": f"s3://{bucket}/{name}.json" for name in offered},
    }


def _issuer(told: str, of_api: str | None) -> str:
    is_operators = told and told != ISSUER_UNKNOWN and OF_AWS not in told
    return told if is_operators else of_api or told or ISSUER_UNKNOWN


def _function(name: str, outputs: Outputs) -> dict[str, Any]:
    made: dict[str, Any] = {"iam_policy_file": _policy_file(outputs.stage, name)}
    if name in LONGER:
        made["lambda_timeout"] = LONGER[name]
    if name in OUTSIDE_THE_VPC:
        made |= {"subnet_ids": [], "security_group_ids": []}
    if name in OWNERS:
        made["security_group_ids"] = [outputs.values["migrations_security_group_id"]]
        made["environment_variables"] = {"DATABASE_URL": outputs.url("owner_role", "server_host")}
    return made


def _policy_file(stage: str, name: str) -> str:
    return f"policies/{stage}/{name}.json"


def _json(value: object) -> str:
    return json.dumps(value, indent=2) + "\n"
