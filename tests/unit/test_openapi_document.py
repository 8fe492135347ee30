import importlib
import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from openapi_spec_validator import validate

from chalicelib.domain import errors
from chalicelib.domain.errors import leaves
from chalicelib.routes.openapi import document, possible_errors
from chalicelib.routes.problem_records import PROBLEM
from chalicelib.routes.problems import CHALLENGE, FORWARDED_CHALLENGE, STATUSES
from chalicelib.routes.schema import Record, conforms
from tests.http.small_api import NEW_PET, ROUTES

DOCUMENT: dict[str, Any] = document(ROUTES, title="Pets", version="1.2.3", server="https://pets.example/v1")
POST = DOCUMENT["paths"]["/pets"]["post"]
GET_ONE = DOCUMENT["paths"]["/pets/{pet_id}"]["get"]


def test_the_document_is_valid_openapi() -> None:
    validate(DOCUMENT)


def test_the_same_routes_give_the_same_bytes() -> None:
    again = document(ROUTES, title="Pets", version="1.2.3", server="https://pets.example/v1")
    assert json.dumps(again) == json.dumps(DOCUMENT)


def test_every_route_is_described_under_its_operation_id() -> None:
    described = {
        operation["operationId"] for methods in DOCUMENT["paths"].values() for operation in methods.values()
    }
    assert described == {route.operation_id for route in ROUTES}


def test_the_request_is_described_by_the_declaration_that_reads_it() -> None:
    assert POST["requestBody"]["required"] is True
    assert POST["requestBody"]["content"]["application/json"]["schema"] == {
        "$ref": "#/components/schemas/NewPet"
    }
    assert DOCUMENT["components"]["schemas"]["NewPet"] == NEW_PET.definition()


def test_every_error_of_a_route_is_listed_under_its_status() -> None:
    for route in ROUTES:
        responses = DOCUMENT["paths"][route.path][route.method.lower()]["responses"]
        for error in possible_errors(route):
            assert error.code in responses[str(int(STATUSES[error]))]["x-error-codes"]


def test_errors_of_the_edge_are_added_to_those_of_the_service() -> None:
    assert POST["responses"]["400"]["x-error-codes"] == ["invalid_input", "malformed_body"]
    assert {"413", "415", "500", "503"} < set(POST["responses"])
    assert POST["responses"]["403"]["x-error-codes"] == ["consent_required"]
    bearer_codes = ["invalid_token", "missing_token", "session_revoked", "token_expired"]
    proof_codes = ["invalid_dpop_proof", "use_dpop_nonce"]
    assert GET_ONE["responses"]["401"]["x-error-codes"] == sorted([*bearer_codes, *proof_codes])


def test_errors_come_as_problems_with_an_example_for_each_code() -> None:
    content = GET_ONE["responses"]["401"]["content"]["application/problem+json"]
    assert content["schema"] == {"$ref": "#/components/schemas/Problem"}
    for reference in content["examples"].values():
        example = DOCUMENT["components"]["examples"][reference["$ref"].rsplit("/", 1)[1]]
        assert conforms(PROBLEM, json.loads(json.dumps(example["value"])))


def test_every_code_is_in_the_description_of_a_problem() -> None:
    codes = DOCUMENT["components"]["schemas"]["Problem"]["properties"]["code"]["x-extensible-enum"]
    assert codes == sorted(error.code for error in leaves())


def test_headers_that_an_app_obeys_are_described() -> None:
    assert {CHALLENGE, FORWARDED_CHALLENGE} < set(GET_ONE["responses"]["401"]["headers"])
    assert "Retry-After" in POST["responses"]["503"]["headers"]
    assert "X-Request-Id" in POST["responses"]["200"]["headers"]
    assert "ETag" in DOCUMENT["paths"]["/pets"]["get"]["responses"]["304"]["headers"]


def test_who_may_call_is_described_with_the_scope() -> None:
    assert POST["security"] == []
    assert GET_ONE["security"] == [{"bearer": ["account"]}, {"dpop": ["account"]}]
    by_either = [{"bearer": ["logout"]}, {"dpop": ["logout"]}]
    assert DOCUMENT["paths"]["/kinds/{kind}"]["delete"]["security"] == [{}, *by_either]


def test_two_different_records_of_one_name_are_noticed() -> None:
    impostor = replace(ROUTES[0], answer=Record("Problem", {}))
    with pytest.raises(ValueError, match="Problem"):
        document([impostor], title="Pets", version="1", server="/")


def test_a_route_without_dependencies_promises_no_outage() -> None:
    assert errors.DependencyUnavailable not in possible_errors(ROUTES[0])


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModuleType]:
    folder = tmp_path_factory.mktemp("generated")
    (folder / "openapi.json").write_text(json.dumps(DOCUMENT), encoding="utf-8")
    (folder / "config.yaml").write_text("post_hooks: []\n", encoding="utf-8")
    command = [
        sys.executable,
        "-m",
        "openapi_python_client",
        "generate",
        "--meta",
        "none",
        "--fail-on-warning",
    ]
    paths = ["--path", "openapi.json", "--config", "config.yaml", "--output-path", "pets_client"]
    subprocess.run([*command, *paths], cwd=folder, check=True, capture_output=True)  # noqa: S603 - our own words
    sys.path.insert(0, str(folder))
    yield importlib.import_module("pets_client")
    sys.path.remove(str(folder))


def test_a_client_can_be_generated_that_reads_every_answer_and_problem(generated: ModuleType) -> None:
    models = importlib.import_module("pets_client.models")
    example = DOCUMENT["components"]["examples"]["consent_required"]["value"]
    problem = models.Problem.from_dict(json.loads(json.dumps(example)))
    assert problem.code == "consent_required"
    assert models.Problem.from_dict({**example, "code": "of_tomorrow"}).code == "of_tomorrow"
    assert Path(str(generated.__file__)).parent.name == "pets_client"
    call = importlib.import_module("pets_client.api.pets.adopt_pet")
    assert "Problem" in str(call.sync.__annotations__["return"])
