"""A release doesn't begin with roots that end while it runs (L3)."""

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from tools.package import PROJECT
from tools.release.preflight import LEFT_MIN, PROXYS, expiring

REGION = "eu-west-1"
CERTIFICATES = "chalicelib/certificates"


def first_end(*names: str) -> datetime:
    read = ((PROJECT / CERTIFICATES / name).read_bytes() for name in names)
    return min(root.not_valid_after_utc for pem in read for root in x509.load_pem_x509_certificates(pem))


def test_today_every_region_that_can_be_released_to_has_its_roots() -> None:
    files = (PROJECT / CERTIFICATES).glob("rds-*.pem")
    regions = [file.stem.removeprefix("rds-") for file in files]
    assert regions
    assert [expiring(PROJECT, region, datetime.now(UTC)) for region in regions] == [[]] * len(regions)


@pytest.mark.parametrize("name", [f"rds-{REGION}.pem", PROXYS])
def test_ninety_days_before_a_root_ends_nothing_is_released_any_more(name: str, tmp_path: Path) -> None:
    end = first_end(name)
    alone = tmp_path / CERTIFICATES
    alone.mkdir(parents=True)
    for each in (f"rds-{REGION}.pem", PROXYS):
        shutil.copyfile(PROJECT / CERTIFICATES / name, alone / each)
    assert expiring(tmp_path, REGION, end - LEFT_MIN) == []
    late = expiring(tmp_path, REGION, end - LEFT_MIN + timedelta(seconds=1))
    assert late
    assert all(str(end.date()) in fault and "docs/package.md" in fault for fault in late)


def test_a_region_without_roots_is_refused_by_name() -> None:
    (fault,) = expiring(PROJECT, "mars-north-1", datetime.now(UTC))
    assert "rds-mars-north-1.pem" in fault
