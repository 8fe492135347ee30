"""Asleep, a stage costs nothing by the hour, and wakes as it was."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from local.aws import REGION, LocalAws, aws_environment, local_session
from tests.conftest import RUN
from tools.release.cloud import Cloud
from tools.release.fault import ReleaseFault
from tools.release.lock import Lock
from tools.release.record import Ledger
from tools.release.releasing import Releasing
from tools.release.shelf import Shelf
from tools.release.sleeping import Sleeping

STATES = "states-sleeping"
NAME = "serenya-auth-dev"
FUNCTION = f"arn:aws:lambda:{REGION}:123456789012:function:{NAME}-purge"
TOPIC = f"arn:aws:sns:{REGION}:123456789012:{NAME}-alarms"


@dataclass
class Terraform:
    """Stands for Terraform, which `make infra` tries: remembers what was asked."""

    asked: list[bool] = field(default_factory=list)

    def set_asleep(self, *, is_asleep: bool) -> None:
        self.asked.append(is_asleep)


@pytest.fixture(scope="module")
def aws() -> Iterator[LocalAws]:
    """An account with a server, two rules and an alarm of the stage, and a rule and an alarm of another."""
    with LocalAws(RUN / "aws-sleeping") as aws:

        def client(service: str) -> Any:  # noqa: ANN401 - four services
            return local_session().client(service, endpoint_url=aws.endpoint_url)

        client("s3").create_bucket(Bucket=STATES, CreateBucketConfiguration={"LocationConstraint": REGION})
        client("rds").create_db_instance(
            DBInstanceIdentifier=NAME,
            DBInstanceClass="db.t4g.micro",
            Engine="postgres",
            MasterUsername="m",
            MasterUserPassword="not a secret here",
            AllocatedStorage=20,
        )
        for rule, target in (
            (f"{NAME}-purge-event", FUNCTION),
            (f"{NAME}-key-changed", TOPIC),
            ("serenya-auth-staging-purge-event", FUNCTION),
        ):
            client("events").put_rule(Name=rule, ScheduleExpression="rate(1 day)")
            client("events").put_targets(Rule=rule, Targets=[{"Id": "1", "Arn": target}])
        for alarm in (f"{NAME}-seal-lag", "serenya-auth-staging-seal-lag"):
            client("cloudwatch").put_metric_alarm(
                AlarmName=alarm, ComparisonOperator="LessThanThreshold", EvaluationPeriods=1, MetricName="m"
            )
        yield aws


@pytest.fixture
def sleeping(aws: LocalAws, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Sleeping:
    for name, value in aws_environment(aws.endpoint_url).items():
        monkeypatch.setenv(name, value)
    return sleeping_of("dev", tmp_path.name)


def sleeping_of(stage: str, folder: str) -> Sleeping:
    terraform: Any = Terraform()
    cloud = Cloud(session=local_session(), stage=stage)
    s3 = cloud.client("s3")
    return Sleeping(
        cloud=cloud,
        shelf=Shelf(s3=s3, bucket=STATES, stage=folder),
        lock=Lock(s3=s3, bucket=STATES, stage=folder, holder="Ana", token=folder),
        infrastructure=terraform,
    )


def state(cloud: Cloud) -> dict[str, Any]:
    rules = cloud.client("events").list_rules()["Rules"]
    alarms = cloud.client("cloudwatch").describe_alarms()["MetricAlarms"]
    (server,) = cloud.client("rds").describe_db_instances()["DBInstances"]
    return {
        "server": server["DBInstanceStatus"],
        "off": {one["Name"] for one in rules if one["State"] == "DISABLED"},
        "silent": {one["AlarmName"] for one in alarms if not one["ActionsEnabled"]},
    }


def test_it_sleeps_and_wakes_as_often_as_it_is_told(sleeping: Sleeping) -> None:
    asleep = {"server": "stopped", "off": {f"{NAME}-purge-event"}, "silent": {f"{NAME}-seal-lag"}}
    for _ in range(2):
        sleeping.sleep()
        assert state(sleeping.cloud) == asleep
        assert sleeping.shelf.ledger() == Ledger(is_asleep=True)
    for _ in range(2):
        sleeping.wake(None)
        assert state(sleeping.cloud) == {"server": "available", "off": set(), "silent": set()}
        assert sleeping.shelf.ledger() == Ledger()
    assert sleeping.infrastructure.asked == [True, True, False, False]  # type: ignore[attr-defined] # Terraform's stand-in


def test_prod_never_sleeps(aws: LocalAws, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name, value in aws_environment(aws.endpoint_url).items():
        monkeypatch.setenv(name, value)
    prod = sleeping_of("prod", tmp_path.name)
    with pytest.raises(ReleaseFault, match="prod doesn't sleep"):
        prod.sleep()
    assert prod.infrastructure.asked == []  # type: ignore[attr-defined] # as above


def test_nothing_is_released_to_a_stage_that_sleeps(sleeping: Sleeping, tmp_path: Path) -> None:
    sleeping.shelf.write(Ledger(done=("a", "b"), is_asleep=True))
    releasing = Releasing(
        project=tmp_path,
        cloud=sleeping.cloud,
        shelf=sleeping.shelf,
        lock=sleeping.lock,
        infrastructure=sleeping.infrastructure,
    )
    with pytest.raises(ReleaseFault, match="make wake STAGE=dev first"):
        releasing.roll_back()
