"""`python -m tools.release deploy|rollback|sleep|... --stage dev --states BUCKET`."""

import argparse
import getpass
import os
import re
import secrets
import socket
import subprocess
import sys
from typing import Final

import boto3.session
from botocore.exceptions import BotoCoreError, ClientError

from local.command_line import CommandLine
from tools.lambda_python import NoLambdaPython
from tools.release import config
from tools.release.cloud import Cloud
from tools.release.deploying import leave
from tools.release.destroying import Destroying
from tools.release.fault import ReleaseFault
from tools.release.infrastructure import Infrastructure, credentials
from tools.release.lock import Lock
from tools.release.outputs import Outputs
from tools.release.releasing import ELSEWHERE, Releasing
from tools.release.shelf import Shelf
from tools.release.sleeping import Sleeping
from tools.terraform import INFRA, PROJECT, STAGES
from tools.vendor import VendorError

FAULTS: Final = (
    ReleaseFault,
    VendorError,
    NoLambdaPython,
    BotoCoreError,
    ClientError,
    subprocess.TimeoutExpired,
)
ACTS: Final = ("config", "deploy", "destroy", "rewrap", "rollback", "sleep", "wake")
REGION: Final = re.compile(r'^region\s*=\s*"([a-z0-9-]+)"', re.MULTILINE)
REGION_DEFAULT: Final = "eu-west-1"  # of infra/variables.tf


def main() -> None:
    """Do what was asked, or say why it can't be done."""
    asked = _asked()
    region = _region(asked.stage)
    os.environ |= {"AWS_REGION": region, "AWS_DEFAULT_REGION": region}
    try:
        _do(asked, region)
    except FAULTS as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        sys.exit("Interrupted")


def _asked() -> argparse.Namespace:
    parser = CommandLine(prog="python -m tools.release", description=__doc__)
    parser.add_argument("act", choices=ACTS)
    parser.add_argument("--stage", required=True, choices=STAGES)
    parser.add_argument("--states", default=os.environ.get("STATES"), help="the bucket of Terraform's states")
    parser.add_argument("--destroy", action="store_true", help="let Terraform destroy what its plan says")
    asked = parser.parse_args()
    if not asked.states:
        parser.error("name the bucket of Terraform's states: STATES=... (docs/releases.md)")
    return asked


def _do(asked: argparse.Namespace, region: str) -> None:
    session = boto3.session.Session(region_name=region)
    infrastructure = Infrastructure(
        project=PROJECT, stage=asked.stage, region=region, bucket=asked.states, may_destroy=asked.destroy
    )
    s3 = session.client("s3")
    shelf = Shelf(s3=s3, bucket=asked.states, stage=asked.stage)
    if asked.act == "config":
        _configure(infrastructure, shelf)
        return
    lock = Lock(
        s3=s3,
        bucket=asked.states,
        stage=asked.stage,
        holder=f"{getpass.getuser()} at {socket.gethostname()}",
        token=secrets.token_hex(8),
    )
    cloud = Cloud(session=session, stage=asked.stage)
    if asked.act == "destroy":
        destroying = Destroying(cloud=cloud, shelf=shelf, lock=lock, infrastructure=infrastructure)
        destroying.destroy(_typed(asked.stage))
        return
    if asked.act in {"sleep", "wake"}:
        sleeping = Sleeping(cloud=cloud, shelf=shelf, lock=lock, infrastructure=infrastructure)
        sleeping.sleep() if asked.act == "sleep" else sleeping.wake(os.environ.get(ELSEWHERE))
        return
    releasing = Releasing(project=PROJECT, cloud=cloud, shelf=shelf, lock=lock, infrastructure=infrastructure)
    if asked.act == "deploy":
        releasing.release()
    elif asked.act == "rewrap":
        releasing.rewrap()
    else:
        releasing.roll_back()


def _typed(stage: str) -> str:
    print(f"This destroys {stage} and everything in it. Type the stage's name to go on:", flush=True)
    return sys.stdin.readline().strip()


def _configure(infrastructure: Infrastructure, shelf: Shelf) -> None:
    infrastructure.select()
    wanted = config.files(PROJECT, Outputs.read(shelf.stage, credentials()), None)
    print(config.difference(wanted) or "Nothing to change.")
    config.write(wanted)
    deployed = shelf.ledger().deployed
    if deployed is not None:
        leave(PROJECT, shelf.stage, deployed)


def _region(stage: str) -> str:
    found = REGION.search((INFRA / "stages" / f"{stage}.tfvars").read_text(encoding="utf-8"))
    return found[1] if found else REGION_DEFAULT


if __name__ == "__main__":
    main()
