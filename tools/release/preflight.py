"""What must be right before anything is changed; each fault stops the release."""

import json
import re
import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Final

from botocore.exceptions import BotoCoreError, ClientError
from cryptography import x509

from tools import lambda_python
from tools.release.cloud import Cloud
from tools.release.fault import ReleaseFault
from tools.terraform import run

TERRAFORM: Final = (1, 11)
LOCKED_CHALICE: Final = re.compile(r"^chalice==(\S+)", re.MULTILINE)
MAJOR: Final = re.compile(r'variable "postgres_major".*?default\s*=\s*(\d+)', re.DOTALL)
LEFT_MIN: Final = timedelta(days=90)  # of a root certificate's life
PROXYS: Final = "amazon-trust.pem"
# New accounts begin with as few as 10 until somebody asks (lambda/latest/dg/gettingstarted-limits.html).
CONTAINERS_MIN: Final = {"dev": 10, "staging": 50, "prod": 500}
SET: Final = re.compile(r"^postgres_major\s*=\s*(\d+)", re.MULTILINE)
REVISION: Final = re.compile(r"(\d{4})_(\w+)")


def check(project: Path, stage: str, cloud: Cloud, bucket: str) -> None:
    """Return if a release can begin. Raises: ReleaseFault with everything that stands against it."""
    faults = [
        *_tools(project),
        *_aws(project, stage, cloud, bucket),
        *_configuration(project, stage),
        *expiring(project, str(cloud.session.region_name), datetime.now(UTC)),
    ]
    if faults:
        raise ReleaseFault("\n".join(faults))


def _tools(project: Path) -> list[str]:
    faults = []
    try:
        lambda_python.interpreter()
    except lambda_python.NoLambdaPython as error:
        faults.append(str(error))
    locked = LOCKED_CHALICE.search((project / "requirements.txt").read_text(encoding="utf-8"))
    if locked is None or version("chalice") != locked[1]:
        faults.append(f"Chalice is {version('chalice')}, not what requirements.txt locks: run `make venv`")
    if shutil.which("terraform") is None:
        faults.append("Terraform is missing")
    elif tuple(map(int, _terraform().split(".")[:2])) < TERRAFORM:
        faults.append(f"Terraform is {_terraform()}; 1.11 or later is needed")
    return faults


def _terraform() -> str:
    return str(json.loads(run("version", "-json"))["terraform_version"])


def _aws(project: Path, stage: str, cloud: Cloud, bucket: str) -> list[str]:
    try:
        cloud.account()
        cloud.client("s3").head_bucket(Bucket=bucket)
        faults = _account(stage, cloud)
        major = postgres_major(project, stage)
        if not cloud.postgres_minors(major):
            faults.append(
                f"{cloud.session.region_name} doesn't offer PostgreSQL {major}: choose another postgres_major"
            )
    except (BotoCoreError, ClientError) as error:
        return [f"AWS: {error}"]
    return faults


def _account(stage: str, cloud: Cloud) -> list[str]:
    """Return what of the account itself stands against a release; say what is only worth a look."""
    faults, needed = [], CONTAINERS_MIN[stage]
    if cloud.containers_max() < needed:
        faults.append(
            f"Lambda runs {cloud.containers_max()} containers at once in this account, and {stage} needs"
            f" {needed}: ask for more in Service Quotas, `Concurrent executions`"
        )
    if not cloud.sees_billing():
        faults.append("Billing is closed to IAM: the root user must open it, or no budget can be made")
    trails = cloud.other_trails()
    if trails:
        print(f"   {', '.join(trails)} record this account too: has_trail = false saves a copy", flush=True)
    return faults


def postgres_major(project: Path, stage: str) -> str:
    """Return the major version that a stage is to have."""
    values = (project / "infra" / "stages" / f"{stage}.tfvars").read_text(encoding="utf-8")
    variables = (project / "infra" / "variables.tf").read_text(encoding="utf-8")
    found = SET.search(values) or MAJOR.search(variables)
    if found is None:
        raise ReleaseFault("infra/variables.tf no longer says which PostgreSQL it is")
    return found[1]


def _configuration(project: Path, stage: str) -> list[str]:
    stages = json.loads((project / ".chalice" / "config.json").read_text(encoding="utf-8"))["stages"]
    told = stages[stage].get("environment_variables", {})
    if not any(told.get(name) for name in told if name.endswith("_CLIENTS")):
        return [
            f"Nobody could sign in: set GOOGLE_CLIENTS of {stage} in .chalice/config.json (docs/releases.md)"
        ]
    return []


def expiring(project: Path, region: str, now: datetime) -> list[str]:
    """Return what is wrong with the roots that the region's servers and proxies are verified against.

    A release lives for weeks, and without its roots no function reaches the database.
    """
    faults = []
    for name in (f"rds-{region}.pem", PROXYS):
        path = project / "chalicelib" / "certificates" / name
        if not path.exists():
            return [f"chalicelib/certificates has no {name}: {region} can't be released to (docs/package.md)"]
        for root in x509.load_pem_x509_certificates(path.read_bytes()):
            if root.not_valid_after_utc < now + LEFT_MIN:
                what, day = root.subject.rfc4514_string(), root.not_valid_after_utc.date()
                faults.append(f"{what} in {name} ends on {day}: renew the roots (docs/package.md)")
    return faults


def migrations(project: Path) -> list[str]:
    """Return the names of all migrations, in their order."""
    files = (project / "alembic" / "versions").glob("[0-9]*.py")
    return sorted(file.stem for file in files if REVISION.fullmatch(file.stem))


def commit(project: Path) -> str:
    """Return which commit is released, with a mark if the files differ from it."""
    words = ("git", "describe", "--always", "--dirty", "--abbrev=12")
    done = subprocess.run(words, cwd=project, capture_output=True, text=True, check=False)
    return done.stdout.strip() or "not a checkout"
