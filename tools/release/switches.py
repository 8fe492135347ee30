"""Switch what costs or rings while nobody is there: the server, the schedules, the alarms."""

import time
from typing import Any, Final

from tools.release.fault import ReleaseFault

ASLEEP: Final = {"stopped", "stopping"}
STOPPED_LOOKS: Final = 80
STOPPED_SECONDS: Final = 15.0
AT_ONCE: Final = 100  # names in one call of CloudWatch


def switch_schedules(events: Any, prefix: str, *, are_on: bool) -> None:  # noqa: ANN401 - a client of botocore
    """Switch every rule of a stage that invokes a function; those that ring stay as they are."""
    for rule in events.list_rules(NamePrefix=prefix)["Rules"]:
        targets = events.list_targets_by_rule(Rule=rule["Name"])["Targets"]
        if any(":function:" in one["Arn"] for one in targets):
            (events.enable_rule if are_on else events.disable_rule)(Name=rule["Name"])


def switch_alarms(cloudwatch: Any, prefix: str, *, are_on: bool) -> None:  # noqa: ANN401 - as above
    """Let a stage's alarms ring, or not."""
    pages = cloudwatch.get_paginator("describe_alarms").paginate(AlarmNamePrefix=prefix)
    names = [one["AlarmName"] for page in pages for one in page["MetricAlarms"]]
    switch = cloudwatch.enable_alarm_actions if are_on else cloudwatch.disable_alarm_actions
    for first in range(0, len(names), AT_ONCE):
        switch(AlarmNames=names[first : first + AT_ONCE])


def stop_server(rds: Any, name: str) -> None:  # noqa: ANN401 - as above
    """Stop a stage's server; one that is stopped already is no fault."""
    if _status(rds, name) not in ASLEEP:
        rds.get_waiter("db_instance_available").wait(DBInstanceIdentifier=name)  # RDS stops no other
        rds.stop_db_instance(DBInstanceIdentifier=name)


def start_server(rds: Any, name: str) -> None:  # noqa: ANN401 - as above
    """Start a stage's server, and return when it takes connections."""
    if _status(rds, name) in ASLEEP:
        _wait_until_stopped(rds, name)
        rds.start_db_instance(DBInstanceIdentifier=name)
    rds.get_waiter("db_instance_available").wait(DBInstanceIdentifier=name)


def _wait_until_stopped(rds: Any, name: str) -> None:  # noqa: ANN401 - as above
    for _ in range(STOPPED_LOOKS):  # botocore has no waiter for it
        if _status(rds, name) == "stopped":
            return
        time.sleep(STOPPED_SECONDS)
    raise ReleaseFault(f"{name} doesn't stop: look at it in the console of RDS, and try again")


def _status(rds: Any, name: str) -> str:  # noqa: ANN401 - as above
    (server,) = rds.describe_db_instances(DBInstanceIdentifier=name)["DBInstances"]
    return str(server["DBInstanceStatus"])
