"""A cold start is measured on the real zip, from the process's beginning, init and first request apart."""

from bench.cold_start import Household, profile, start
from bench.starts import FIRSTS, ColdStart, Starts, shortfalls, table
from tests.deploy.deployed import Deployed


def test_every_kind_of_first_request_is_answered_by_a_fresh_process(deployed: Deployed) -> None:
    with deployed.function("app") as api:
        household = Household(deployed.google, api)
        measured = [start(deployed, first, household) for first in FIRSTS]
        imports = profile(deployed, household)
    for one in measured:
        assert 0 < one.ready.cpu_seconds < one.answered.cpu_seconds
        assert 0 < one.ready.age_seconds < one.answered.age_seconds
    loaded = {one.name for one in imports.packages}
    assert {"awslambdaric", "botocore", "chalicelib.stores", "psycopg2"} <= loaded
    assert not [one.name for one in imports.late if one.name.startswith("chalicelib")]  # init has them all
    starts = tuple(Starts(first=first, starts=(one,)) for first, one in zip(FIRSTS, measured, strict=True))
    cold = ColdStart(zip_bytes=26_000_000, unpacked_bytes=70_000_000, starts=starts, imports=imports)
    assert "zip: 26.0 MB, target 25.0 MB" in list(shortfalls(cold))
    assert [line.split("  ")[0] for line in table(cold).splitlines()[2:]] == [first.name for first in FIRSTS]
