"""What is left of a stage that was destroyed is named with its day, and goes when it may."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NoReturn

import pytest

from local.aws import REGION, LocalAws, aws_environment, local_session
from tests.conftest import RUN
from tools.release.cloud import Cloud
from tools.release.destroying import Destroying
from tools.release.fault import ReleaseFault
from tools.release.leftovers import collect
from tools.release.record import Leftovers
from tools.release.removing import remove
from tools.release.shelf import Shelf

STATES = "states-destroying"
TRUST = '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole"}]}'

POLICY = '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}'


@pytest.fixture(scope="module")
def aws() -> Iterator[LocalAws]:
    with LocalAws(RUN / "aws-destroying") as aws:
        client = local_session().client("s3", endpoint_url=aws.endpoint_url)
        client.create_bucket(Bucket=STATES, CreateBucketConfiguration={"LocationConstraint": REGION})
        yield aws


@pytest.fixture
def cloud(aws: LocalAws, monkeypatch: pytest.MonkeyPatch) -> Cloud:
    for name, value in aws_environment(aws.endpoint_url).items():
        monkeypatch.setenv(name, value)
    return Cloud(session=local_session(), stage="dev")


@pytest.fixture
def shelf(cloud: Cloud, tmp_path: Path) -> Shelf:
    return Shelf(s3=cloud.client("s3"), bucket=STATES, stage=tmp_path.name)


class Nobody:
    """Stands where nobody may ask."""

    def __getattr__(self, name: str) -> NoReturn:
        raise AssertionError(name)


@pytest.mark.parametrize(
    ("stage", "typed", "words"),
    [("prod", "prod", "people's data"), ("dev", "", "wasn't typed"), ("staging", "dev", "wasn't typed")],
)
def test_prod_and_a_stage_that_was_not_typed_are_refused_before_anything_is_asked(
    stage: str, typed: str, words: str
) -> None:
    nobody: Any = Nobody()
    cloud = Cloud(session=nobody, stage=stage)
    destroying = Destroying(cloud=cloud, shelf=nobody, lock=nobody, infrastructure=nobody)
    with pytest.raises(ReleaseFault, match=words):
        destroying.destroy(typed)


def evidence(cloud: Cloud, bucket: str, until: datetime | None) -> None:
    """Make a bucket with one object of two versions and a delete marker, the second version locked."""
    s3 = cloud.client("s3")
    s3.create_bucket(
        Bucket=bucket,
        CreateBucketConfiguration={"LocationConstraint": REGION},
        ObjectLockEnabledForBucket=True,
    )
    s3.put_object(Bucket=bucket, Key="seal", Body=b"1")
    lock = {} if until is None else {"ObjectLockMode": "GOVERNANCE", "ObjectLockRetainUntilDate": until}
    s3.put_object(Bucket=bucket, Key="seal", Body=b"2", **lock)
    s3.delete_object(Bucket=bucket, Key="seal")


def test_locked_evidence_stays_until_its_day_and_goes_with_a_later_run(
    cloud: Cloud, shelf: Shelf, capsys: pytest.CaptureFixture[str]
) -> None:
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    evidence(cloud, "locked", tomorrow)
    evidence(cloud, "free", None)
    shelf.write_leftovers(Leftovers(buckets=("free", "gone", "locked")))
    for _ in range(2):
        assert collect(cloud, shelf) == Leftovers(buckets=("locked",)) == shelf.leftovers()
        assert f"evidence in locked is locked until {tomorrow:%Y-%m-%d %H:%M} UTC" in capsys.readouterr().out
    s3 = cloud.client("s3")
    buckets = {one["Name"] for one in s3.list_buckets()["Buckets"]}
    assert ("locked" in buckets, "free" in buckets) == (True, False)
    (version,) = s3.list_object_versions(Bucket="locked")["Versions"]
    s3.put_object_retention(  # a day later
        Bucket="locked",
        Key="seal",
        VersionId=version["VersionId"],
        Retention={"Mode": "GOVERNANCE", "RetainUntilDate": datetime(2020, 1, 1, tzinfo=UTC)},
        BypassGovernanceRetention=True,
    )
    assert collect(cloud, shelf) == Leftovers() == shelf.leftovers()
    assert "locked" not in {one["Name"] for one in s3.list_buckets()["Buckets"]}


def test_a_key_is_named_with_the_day_on_which_aws_deletes_it(
    cloud: Cloud, shelf: Shelf, capsys: pytest.CaptureFixture[str]
) -> None:
    kms = cloud.client("kms")
    made = kms.create_key()["KeyMetadata"]
    arn = made["Arn"]
    day = kms.schedule_key_deletion(KeyId=made["KeyId"], PendingWindowInDays=7)["DeletionDate"]
    shelf.write_leftovers(Leftovers(keys=(arn,)))
    assert collect(cloud, shelf) == Leftovers(keys=(arn,))
    assert f"{arn} is deleted by AWS on {day:%Y-%m-%d %H:%M}" in capsys.readouterr().out


def test_what_a_deployment_left_that_died_half_way_is_removed_by_its_name(cloud: Cloud) -> None:
    functions, roles, events = cloud.client("lambda"), cloud.client("iam"), cloud.client("events")
    name = cloud.name("migrate")
    role = roles.create_role(RoleName=name, AssumeRolePolicyDocument=TRUST)["Role"]["Arn"]
    roles.put_role_policy(RoleName=name, PolicyName=name, PolicyDocument=POLICY)
    functions.create_function(
        FunctionName=name, Runtime="python3.13", Role=role, Handler="app.migrate", Code={"ZipFile": b""}
    )
    events.put_rule(Name=f"{name}-event", ScheduleExpression="rate(1 day)")
    events.put_targets(Rule=f"{name}-event", Targets=[{"Id": "1", "Arn": role}])
    events.put_rule(Name="serenya-auth-staging-purge-event", ScheduleExpression="rate(1 day)")
    for _ in range(2):
        remove(cloud, None)
        assert functions.list_functions()["Functions"] == []
        assert roles.list_roles()["Roles"] == []
        assert [one["Name"] for one in events.list_rules()["Rules"]] == ["serenya-auth-staging-purge-event"]
