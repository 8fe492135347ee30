"""Print what a month costs: `make cost`, or `make cost STAGE=dev`.

Every resource of the plan is either priced or known to cost nothing by itself; one that is neither is
refused, so that nobody adds what is paid by the hour without a line here. The plan is `terraform test`'s,
on a mocked provider: it needs Terraform, and neither an account nor a network.
"""

import json
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

from chalicelib.observation.metrics import MEASURED
from local.command_line import CommandLine, progress
from tools.terraform import INFRA, PROJECT, STAGES, run
from tools.usage import BESIDE, Bought, Usage, requests_of, schedules_of

SIZES: Final = ("dev", "prod")
PRICES: Final = INFRA / "prices" / "eu-west-1.json"
HOURS: Final = 730  # of a month, as AWS's own calculator counts
FREE_OF_AN_ACCOUNT: Final = {
    "alarm_metric": 10,
    "custom_metric": 10,
    "dashboard": 3,
}  # for good, not for a year
VCPUS: Final = {"db.t4g.micro": 2, "db.t4g.small": 2, "db.m7g.large": 2}
MONITORING_GB: Final = 0.4  # enhanced monitoring once a minute, as log lines
TRAIL_PUTS: Final = 9000  # a file every 5 minutes; the first trail's management events are free
FLOWS_GB: Final = {"REJECT": 0.02, "ALL": 2.0}  # flow logs: refused ones are noise, all of them are traffic

Values = Mapping[str, Any]
Prices = Mapping[str, float]


AWAKE_HOURS: Final = 60 * 52 / 12  # of a month: 60 a week
STOPPED: Final = ("PostgreSQL, server", "KMS endpoint", "Schedules")  # by `make sleep`
ASLEEP: Final = "**The same, asleep outside 60 working hours a week**"


class Unpriced(Exception):
    """A resource is in the plan that nobody has said the price of."""


def _database(values: Values) -> Iterator[Bought]:
    copies = 2 if values["multi_az"] else 1
    yield Bought(line="PostgreSQL, server", price=values["instance_class"], amount=HOURS * copies)
    storage = values["allocated_storage"] * copies
    yield Bought(line="PostgreSQL, storage", price="rds_gp3", amount=storage)
    if values["manage_master_user_password"]:
        yield Bought(line="Secrets", price="secret", amount=1)
    if values["monitoring_interval"]:
        yield Bought(line="Logs without requests", price="log_gb", amount=MONITORING_GB)


def _endpoint(values: Values) -> Iterator[Bought]:
    if values["vpc_endpoint_type"] == "Interface":
        zones = len(values["subnet_ids"])
        yield Bought(line="KMS endpoint", price="interface_endpoint", amount=HOURS * zones)


def _alarm(values: Values) -> Iterator[Bought]:
    metrics = sum(1 for query in values.get("metric_query") or () if query.get("metric")) or 1
    yield Bought(line="Alarms", price="alarm_metric", amount=metrics)


def _web_acl(values: Values) -> Iterator[Bought]:
    yield Bought(line="Web ACL", price="web_acl", amount=1)
    yield Bought(line="Web ACL", price="web_acl_rule", amount=len(values["rule"]))


def _one(line: str, price: str, amount: float = 1) -> Callable[[Values], Iterator[Bought]]:
    def bought(_values: Values) -> Iterator[Bought]:
        yield Bought(line=line, price=price, amount=amount)

    return bought


def _flows(values: Values) -> Iterator[Bought]:
    yield Bought(line="Logs without requests", price="log_gb", amount=FLOWS_GB[values["traffic_type"]])


PRICED: Final[Mapping[str, Callable[[Values], Iterator[Bought]]]] = {
    "aws_cloudtrail": _one("Trail", "s3_put", TRAIL_PUTS),
    "aws_cloudwatch_dashboard": _one("Dashboard", "dashboard"),
    "aws_cloudwatch_log_metric_filter": _one("Custom metrics", "custom_metric"),
    "aws_cloudwatch_metric_alarm": _alarm,
    "aws_db_instance": _database,
    "aws_flow_log": _flows,
    "aws_kms_key": _one("KMS keys", "kms_key"),
    "aws_secretsmanager_secret": _one("Secrets", "secret"),
    "aws_vpc_endpoint": _endpoint,
    "aws_wafv2_web_acl": _web_acl,
}


def prices() -> Prices:
    """Return each price in the region's file."""
    return {name: price["usd"] for name, price in _file()["prices"].items()}


def _file() -> Any:  # noqa: ANN401 - JSON
    return json.loads(PRICES.read_text(encoding="utf-8"))


def planned(stage: str) -> list[tuple[str, Values]]:
    """Return type and values of every resource of both roots, as Terraform plans them for a stage."""
    found: list[tuple[str, Values]] = []
    for folder, directory in ((INFRA, "tests"), (INFRA / "edge", "plan")):
        progress(f"Planning {folder.relative_to(PROJECT)} for {stage} with Terraform (about 15 s)")
        run("init", "-backend=false", folder=folder)
        words = (f"-test-directory={directory}", f"-filter={directory}/stages.tftest.hcl")
        told = run("test", "-json", "-verbose", f"-var-file=stages/{stage}.tfvars", *words, folder=folder)
        found += resources(told)
    return found


def resources(told: str) -> Iterator[tuple[str, Values]]:
    """Yield type and values of what a run of `terraform test -json -verbose` planned."""
    for line in told.splitlines():
        message = json.loads(line) if line.startswith("{") else {}
        for change in message.get("test_plan", {}).get("resource_changes", ()):
            if change["mode"] == "managed":
                yield change["type"], change["change"]["after"]


def bought(found: Iterable[tuple[str, Values]]) -> Iterator[Bought]:
    """Yield all that resources cost whether anybody comes or not. Raises: Unpriced."""
    nothing = frozenset(_file()["nothing_by_themselves"])
    classes = [values["instance_class"] for kind, values in found if kind == "aws_db_instance"]
    for kind, values in found:
        if kind == "aws_db_proxy":
            yield from (
                Bought(line="RDS Proxy", price="rds_proxy", amount=HOURS * VCPUS[size]) for size in classes
            )
        elif kind in PRICED:
            yield from PRICED[kind](values)
        elif kind not in nothing:
            raise Unpriced(kind)
    yield Bought(line="Custom metrics", price="custom_metric", amount=len(MEASURED))


def table(stages: Iterable[str] = SIZES) -> str:
    """Return the Markdown table of the stages: by the month, then by what 100,000 requests add."""
    chosen, known = tuple(stages), prices()
    plans = {stage: planned(stage) for stage in chosen}
    monthly = {stage: sums([*bought(plans[stage]), *schedules_of(stage)], known) for stage in chosen}
    lines = dict.fromkeys(line for dollars in monthly.values() for line in dollars)
    rows = [_row(line, [monthly[stage].get(line, 0.0) for stage in chosen]) for line in lines]
    totals = _row("**A month, nobody there**", [sum(monthly[stage].values()) for stage in chosen])
    asleep = [_row(ASLEEP, [_asleep(stage, monthly[stage]) for stage in chosen])]
    beside = [
        _row(f"Beside it, about: {each.line}", [each.amounts[stage] * known[each.price] for stage in chosen])
        for each in BESIDE
    ]
    requests = [
        _row(usage.line, [_per_100_000(usage, stage, plans[stage], known) for stage in chosen])
        for usage in requests_of()
    ]
    head = [f"| USD, list price in eu-west-1 | {' | '.join(chosen)} |", f"|---{'|---:' * len(chosen)}|"]
    return "\n".join([*head, *rows, totals, *asleep, *beside, *requests]) + "\n"


def _asleep(stage: str, dollars: Mapping[str, float]) -> float:
    """Return the dollars of a month in which a stage sleeps outside working hours; prod never does."""
    stopped = 0.0 if stage == "prod" else 1 - AWAKE_HOURS / HOURS
    return sum(dollars.values()) - stopped * sum(dollars.get(line, 0.0) for line in STOPPED)


def _per_100_000(usage: Usage, stage: str, plan: Iterable[tuple[str, Values]], known: Prices) -> float:
    has_web_acl = any(kind == "aws_wafv2_web_acl" for kind, _ in plan)
    each = usage.each(stage) | ({"web_acl_request": 1.0} if has_web_acl else {})
    return 100_000 * sum(known[price] * amount for price, amount in each.items())


def sums(all_bought: Iterable[Bought], known: Prices) -> dict[str, float]:
    """Return the dollars of each line, less what every account has free."""
    free = dict(FREE_OF_AN_ACCOUNT)
    dollars: dict[str, float] = {}
    for each in all_bought:
        given = min(free.get(each.price, 0), each.amount)
        free[each.price] = free.get(each.price, 0) - int(given)
        dollars[each.line] = dollars.get(each.line, 0.0) + (each.amount - given) * known[each.price]
    return dollars


def _row(name: str, figures: Iterable[float]) -> str:
    return f"| {name} | {' | '.join(f'{figure:.2f}' for figure in figures)} |"


def main(arguments: list[str]) -> None:
    """Print the table of one stage, or of a small one and a large one."""
    parser = CommandLine(prog="python -m tools.cost", description=__doc__)
    parser.add_argument("--stage", choices=STAGES, help="one stage alone")
    stage = parser.parse_args(arguments).stage
    try:
        print(table([stage] if stage else SIZES), end="")
    except subprocess.CalledProcessError as error:
        sys.exit(f"Terraform failed:\n{error.output}")
    except Unpriced as error:
        sys.exit(f"{error} has no price: add it to infra/prices or to what costs nothing by itself.")


if __name__ == "__main__":
    main(sys.argv[1:])
