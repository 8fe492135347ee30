import io
import json
import logging
from dataclasses import replace

import pytest

from chalicelib.domain.errors import DependencyUnavailable, RefreshTokenReused
from chalicelib.observation import log
from chalicelib.routes.route import Call
from tests.http.small_api import (
    PET_ID,
    REQUEST_ID,
    SmallApi,
    refused,
)

PET_BODY = {"name": "Rex", "kind": "dog"}
ONE_PET = {"pathParameters": {"pet_id": str(PET_ID)}}
TOKEN = "e30.e30.c2ln"


@pytest.fixture
def api() -> SmallApi:
    return SmallApi()


def call_of(api: SmallApi) -> Call:
    return api.services.calls[-1]


def test_an_unexpected_error_tells_nothing_of_itself(api: SmallApi, lines: io.StringIO) -> None:
    api.services.error = ZeroDivisionError("ada@example.com")
    got = api.call("POST", "/pets", body=PET_BODY)
    refused(got, 500, "internal_error")
    assert "ada@" not in got.text
    assert "ada@" not in lines.getvalue()
    line = json.loads(lines.getvalue())
    assert line["error"] == "ZeroDivisionError"
    assert line["at"].startswith("small_api.py:")


def test_a_request_is_one_line_without_anything_personal(api: SmallApi, lines: io.StringIO) -> None:
    headers = {"Authorization": f"Bearer {TOKEN}", "X-Device-ID": "adas-phone"}
    api.call("GET", "/pets/{pet_id}", headers=headers, **ONE_PET)
    line = json.loads(lines.getvalue())
    assert {name: line[name] for name in line if name not in {"time", "_aws"}} == {
        "level": "info",
        "event": "request",
        "route": "/pets/{pet_id}",
        "method": "GET",
        "status": 200,
        "duration_ms": 12.5,
        "cold": 1,
        "stage": "test",
        "request_id": REQUEST_ID,
    }


def test_the_line_is_the_metrics_too(api: SmallApi, lines: io.StringIO) -> None:
    api.services.error = RefreshTokenReused()
    api.call("POST", "/pets", body=PET_BODY)
    api.call("POST", "/pets", body=PET_BODY)
    first, second = (json.loads(line) for line in lines.getvalue().splitlines())
    (metrics,) = first["_aws"]["CloudWatchMetrics"]
    assert (metrics["Namespace"], metrics["Dimensions"]) == ("serenya-auth", [["stage"]])
    named = {metric["Name"]: metric["Unit"] for metric in metrics["Metrics"]}
    assert named == {"duration_ms": "Milliseconds", "cold": "Count", "refresh_token_reused": "Count"}
    assert all(isinstance(first[name], int | float) for name in named)
    assert (first["cold"], second["cold"]) == (1, 0)


def test_a_line_without_figures_is_no_metric(lines: io.StringIO) -> None:
    log.warn("devices_not_described")
    assert "_aws" not in json.loads(lines.getvalue())


def test_a_refused_request_is_logged_with_its_code_and_the_type_of_its_cause(
    api: SmallApi, lines: io.StringIO
) -> None:
    api.services.error = DependencyUnavailable()
    api.services.error.__cause__ = ConnectionResetError("10.0.0.1")
    api.call("POST", "/pets", body=PET_BODY)
    line = json.loads(lines.getvalue())
    assert (line["level"], line["code"], line["cause"]) == (
        "error",
        "service_unavailable",
        "ConnectionResetError",
    )
    assert "10.0.0.1" not in lines.getvalue()


def test_what_libraries_say_is_dropped_but_for_where_it_came_from(lines: io.StringIO) -> None:
    logging.getLogger("botocore").warning("could not parse %s", "ada@example.com")
    try:
        raise ValueError("ada@example.com")  # noqa: TRY301 - a trace is what is tested
    except ValueError:
        logging.getLogger("chalice").exception("Caught exception for path %s", "/ada")
    assert "ada" not in lines.getvalue()
    first, second = (json.loads(line) for line in lines.getvalue().splitlines())
    assert (first["logger"], second["error"]) == ("botocore", "ValueError")


def test_a_field_that_is_not_listed_or_has_another_shape_does_not_get_in(lines: io.StringIO) -> None:
    log.event("request", email="ada@example.com", code="ada@example.com", status="200", method="GET")
    assert set(json.loads(lines.getvalue())) == {"time", "level", "event", "method"}


def test_nothing_that_holds_a_secret_shows_it(api: SmallApi) -> None:
    api.call("POST", "/pets", body=PET_BODY, headers={"Authorization": f"Bearer {TOKEN}"})
    assert TOKEN not in repr(call_of(api))
    assert "Rex" not in repr(replace(call_of(api)))


def test_whose_record_does_not_open_is_told_by_id_and_by_nothing_else(lines: io.StringIO) -> None:
    log.warn("reindex_damaged", user_id=str(PET_ID))
    log.warn("reindex_damaged", user_id="ada@example.com")
    told = [json.loads(line).get("user_id") for line in lines.getvalue().splitlines()]
    assert told == [str(PET_ID), None]
