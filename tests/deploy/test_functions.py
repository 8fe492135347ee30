"""The real zip under AWS's own runtime: phones are answered, releases done, schedules run."""

import json

import pytest

from local.invoke import SCHEDULED
from local.runtime_api import FunctionError
from tests.deploy.deployed import Deployed, request, told


def test_a_person_signs_in_refreshes_and_is_ready_to_be_served(deployed: Deployed) -> None:
    with deployed.function("app") as api:
        signed_in = deployed.sign_in(api)
        assert signed_in.body["statusCode"] == 200, signed_in.body
        refreshed = api.invoke(
            request("POST", "/auth/refresh", {"refresh_token": told(signed_in)["refresh_token"]})
        )
        assert refreshed.body["statusCode"] == 200, refreshed.body
        assert told(refreshed)["user"]["id"] == told(signed_in)["user"]["id"]
        assert api.invoke(request("GET", "/health/ready")).body["statusCode"] == 200


def test_requests_are_answered_without_what_only_functions_and_packaging_need(
    deployed: Deployed,
) -> None:  # 0120
    with deployed.function("app", "-X", "importtime") as api:
        token = told(deployed.sign_in(api))["refresh_token"]
        answer = api.invoke(request("POST", "/auth/refresh", {"refresh_token": token}))
        assert answer.body["statusCode"] == 200, answer.body
        log = api.log.read_text()
    imported = {
        line.rpartition("|")[2].strip() for line in log.splitlines() if line.startswith("import time:")
    }
    assert {"psycopg2", "chalicelib.stores.sessions", "chalicelib.stores.database"} <= imported
    assert (
        imported & {"sqlalchemy", "alembic", "mako", "chalicelib.stores.schema", "chalicelib.stores.jobs"}
        == set()
    )


def test_an_event_that_is_no_request_is_answered_in_the_services_own_shape(deployed: Deployed) -> None:
    with deployed.function("app") as api:
        answer = api.invoke({"what": "is this"})
        assert answer.body["statusCode"] == 500
        assert told(answer)["code"] == "internal_error"
        assert api.invoke(request("GET", "/health")).body["statusCode"] == 200


def test_every_schedule_of_the_api_runs(deployed: Deployed) -> None:
    assert deployed.invoke("audit_seal", SCHEDULED)
    assert deployed.invoke("erasure_sweep", SCHEDULED)
    assert deployed.invoke("purge", SCHEDULED)
    assert deployed.invoke("rotate_keys", SCHEDULED) == {}


def test_a_release_can_be_repeated_while_people_are_served(deployed: Deployed) -> None:
    with deployed.function("app") as api:
        assert deployed.sign_in(api).body["statusCode"] == 200
        again = deployed.invoke("migrate", {}, **deployed.as_owner())
        assert again["from"] == again["to"]
        assert deployed.invoke("publish_documents", {}, **deployed.as_owner()) == {}
        assert deployed.sign_in(api).body["statusCode"] == 200


REFUSED = r"DependencyUnavailable|InsufficientPrivilege|InvalidSchemaName"


def test_only_a_verifier_is_taken_for_the_apps_role(deployed: Deployed) -> None:  # L6
    for field in ("app_verifier", "requests_verifier"):
        with pytest.raises(FunctionError, match="never a password"):
            deployed.invoke("migrate", {field: "hunter2"}, **deployed.as_owner())


def test_the_apps_role_can_neither_migrate_nor_publish(deployed: Deployed) -> None:  # L5
    for function in ("migrate", "publish_documents"):
        with pytest.raises(
            FunctionError, match=r"DependencyUnavailable|InsufficientPrivilege|InvalidSchemaName"
        ):
            deployed.invoke(function, {})


def test_each_login_is_by_token_over_tls_and_asks_nothing_that_a_proxy_refuses(deployed: Deployed) -> None:
    deployed.front.logins.clear()
    with deployed.function("app") as api:
        for _ in range(3):
            deployed.sign_in(api)
    assert [login["user"] for login in deployed.front.logins] == ["serenya_requests"]  # one connection, kept
    assert deployed.front.logins[0].keys() <= {"user", "database", "application_name", "client_encoding", ""}


def test_a_server_that_another_root_vouches_for_is_not_talked_to(deployed: Deployed) -> None:  # L3
    with deployed.function("app", AWS_REGION="eu-central-1") as api:
        answer = api.invoke(request("GET", "/health/ready"))
    assert answer.body["statusCode"] == 503


def test_logs_are_lines_of_json_without_personal_data(deployed: Deployed) -> None:
    with deployed.function("app") as api:
        deployed.sign_in(api)
        log = api.log
    lines = log.read_text().splitlines()
    assert any(json.loads(line).get("event") == "request" for line in lines if line.startswith("{"))
    assert "ana@example.com" not in log.read_text()
