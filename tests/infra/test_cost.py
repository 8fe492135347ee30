"""What a month costs is what docs/cost.md says, and no more than was promised."""

import json
from pathlib import Path
from typing import Any

import pytest

from tools import cost, usage

PAGE = Path(__file__).resolve().parents[2] / "docs" / "cost.md"
DEV_USD_MAX = 29.0
ASLEEP_USD_MAX = 17.0


@pytest.fixture(scope="module")
def told() -> str:
    return cost.table()


def test_the_page_s_table_is_what_the_command_prints(told: str) -> None:
    assert told in PAGE.read_text(encoding="utf-8"), f"stale; `make cost` says:\n{told}"


def test_dev_costs_what_was_promised_and_prod_is_the_dearer_one(told: str) -> None:
    dev, prod = _figures(told, "**A month, nobody there**")
    assert dev <= DEV_USD_MAX < prod


def test_dev_costs_less_while_it_sleeps_and_prod_never_does(told: str) -> None:
    awake, asleep = (_figures(told, line) for line in ("**A month, nobody there**", cost.ASLEEP))
    assert asleep[0] <= ASLEEP_USD_MAX
    assert asleep[1] == awake[1]
    lines = [line.split("|")[1].strip() for line in told.splitlines()[2:]]
    assert set(cost.STOPPED) <= set(lines)


def test_what_depends_on_people_is_estimated_beside_the_sum(told: str) -> None:
    beside = [line for line in told.splitlines() if line.startswith("| Beside it, about: ")]
    assert len(beside) == 4
    assert all(_figures(told, line.split("|")[1].strip())[1] > 0 for line in beside)


def test_a_small_stage_s_figure_stands_when_it_is_used_for_development(told: str) -> None:
    dev, _ = _figures(told, "**A month, nobody there**")
    for line in ("100,000 sign-ins add", "100,000 refreshes add"):
        dev += _figures(told, line)[0] / 10  # 10,000 of each: more than developers manage
    assert dev <= DEV_USD_MAX


def test_the_lines_make_the_sum(told: str) -> None:
    lines = [line.split("|")[1].strip() for line in told.splitlines()[2:]]
    parts = lines[: lines.index("**A month, nobody there**")]
    for column in range(len(cost.SIZES)):
        total = sum(_figures(told, line)[column] for line in parts)
        assert total == pytest.approx(
            _figures(told, "**A month, nobody there**")[column], abs=0.01 * len(parts)
        )


def test_what_nobody_priced_is_refused() -> None:
    with pytest.raises(cost.Unpriced, match="aws_nat_gateway"):
        list(cost.bought([("aws_nat_gateway", {})]))


def test_a_standby_costs_a_second_server_and_a_second_disk() -> None:
    one, two = (_usd([("aws_db_instance", _database(multi_az=multi_az))]) for multi_az in (False, True))
    assert two["PostgreSQL, server"] == 2 * one["PostgreSQL, server"]
    assert two["PostgreSQL, storage"] == 2 * one["PostgreSQL, storage"]


def test_an_alarm_costs_as_many_metrics_as_it_looks_at_after_ten_that_are_free() -> None:
    plain: cost.Values = {"metric_query": None}
    math: cost.Values = {"metric_query": [{"expression": "a - b"}, {"metric": [{}]}, {"metric": [{}]}]}
    assert _usd([("aws_cloudwatch_metric_alarm", plain)] * 10)["Alarms"] == 0
    assert _usd([("aws_cloudwatch_metric_alarm", plain)] * 11)["Alarms"] == pytest.approx(0.1)
    assert _usd([("aws_cloudwatch_metric_alarm", math)] * 6)["Alarms"] == pytest.approx(0.2)


def test_a_gateway_endpoint_is_free_and_an_interface_is_paid_in_each_zone() -> None:
    assert _usd([("aws_vpc_endpoint", {"vpc_endpoint_type": "Gateway"})]).get("KMS endpoint") is None
    two_zones = {"vpc_endpoint_type": "Interface", "subnet_ids": [None, None]}
    assert _usd([("aws_vpc_endpoint", two_zones)])["KMS endpoint"] == pytest.approx(2 * 730 * 0.011)


@pytest.mark.parametrize(
    ("schedule", "runs"),
    [("rate(5 minutes)", 8760), ("rate(1 hour)", 730), ("rate(1 day)", 730 / 24), ("event", 0)],
)
def test_a_schedule_runs_so_often_in_a_month(schedule: str, runs: float) -> None:
    assert usage.runs_of(schedule) == pytest.approx(runs)


def test_every_price_has_its_source_and_the_file_says_when_it_was_written() -> None:
    file = json.loads(cost.PRICES.read_text(encoding="utf-8"))
    assert file["written_on"]
    assert all(each["source"].startswith("https://aws.amazon.com/") for each in file["prices"].values())
    assert all(each["usd"] > 0 and each["per"] for each in file["prices"].values())


def _figures(table: str, line: str) -> list[float]:
    row = next(row for row in table.splitlines() if row.startswith(f"| {line} |"))
    return [float(cell) for cell in row.strip("|").split("|")[1:]]


def _usd(found: list[tuple[str, cost.Values]]) -> dict[str, float]:
    return cost.sums(cost.bought(found), cost.prices())


def _database(*, multi_az: bool) -> dict[str, Any]:
    return {
        "instance_class": "db.t4g.micro",
        "multi_az": multi_az,
        "allocated_storage": 20,
        "manage_master_user_password": True,
        "monitoring_interval": 0,
    }
