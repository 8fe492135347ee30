"""What each deployed function may do: declared for each, as little as its calls need (L5)."""

from collections.abc import Mapping

from app import app
from chalicelib.functions import deployment
from tools.policies import (
    API,
    AT_REST,
    OUTSIDE_THE_VPC,
    STORAGE_KEY,
    WITHOUT_RESOURCE,
    Place,
    log_group,
    needs,
    policy,
)

ARNS = {thing: (f"arn:aws:thing:::{thing}",) for declared in needs.values() for thing in declared}
ARNS |= {STORAGE_KEY: ("arn:aws:thing:::storage-key",)}
PLACE = Place(stage="dev", region="eu-west-1", account="123456789012", arns=ARNS)
OWNERS = {"migrate", "publish-documents"}


def test_every_function_of_the_app_has_a_policy_and_no_other_has() -> None:
    assert {function.name for function in app.pure_lambda_functions} | scheduled() | {API} == needs.keys()


def scheduled() -> set[str]:
    return {source.name for source in app.event_sources}


def test_no_action_is_a_pattern_and_only_what_has_no_resource_is_allowed_everywhere() -> None:
    for function in needs:
        for statement in policy(function, PLACE)["Statement"]:
            assert not [action for action in statement["Action"] if "*" in action or "?" in action]
            if statement["Resource"] == ["*"]:
                assert set(statement["Action"]) <= WITHOUT_RESOURCE
            elif statement["Action"] != ["logs:CreateLogStream", "logs:PutLogEvents"]:
                assert not [arn for arn in statement["Resource"] if "*" in arn]


def test_a_function_writes_to_its_own_log_only() -> None:
    assert log_group(API, PLACE).endswith(":/aws/lambda/serenya-auth-dev")
    assert log_group("purge", PLACE).endswith(":/aws/lambda/serenya-auth-dev-purge")
    for function in needs:
        logs = [one for one in policy(function, PLACE)["Statement"] if "logs:PutLogEvents" in one["Action"]]
        assert [one["Resource"] for one in logs] == [[f"{log_group(function, PLACE)}:*"]]


def logins(needed: Mapping[str, object]) -> list[str]:
    return [thing for thing in needed if thing.endswith("-login")]


def test_requests_jobs_and_operators_log_in_as_different_roles() -> None:
    roles = {function: logins(needed) for function, needed in needs.items()}
    assert [function for function, role in roles.items() if role == ["requests-login"]] == [API]
    operators = {function for function, role in roles.items() if role == ["operators-login"]}
    assert operators == {"account-erase", "operator-change", "operator-look", "operator-reveal"}


def test_only_the_release_logs_in_as_the_owner_and_never_as_both() -> None:
    assert {function for function, needed in needs.items() if "owner-login" in needed} == OWNERS
    assert [function for function, needed in needs.items() if len(logins(needed)) > 1] == []
    assert {deployment.migrate.__name__, deployment.publish_documents.__name__} == {
        name.replace("-", "_") for name in OWNERS
    }


def test_only_what_is_outside_the_vpc_makes_no_network_interface() -> None:
    without = {
        function
        for function in needs
        if "ec2:CreateNetworkInterface" not in str(policy(function, PLACE)["Statement"])
    }
    assert without == OUTSIDE_THE_VPC
    assert [function for function in without if logins(needs[function])] == []


def test_what_is_encrypted_at_rest_is_opened_through_its_service_alone() -> None:
    for function, needed in needs.items():
        keys = [
            one for one in policy(function, PLACE)["Statement"] if one["Resource"] == [*ARNS[STORAGE_KEY]]
        ]
        services = sorted(
            {f"{AT_REST[thing]}.eu-west-1.amazonaws.com" for thing in needed if thing in AT_REST}
        )
        assert [one["Condition"]["StringEquals"]["kms:ViaService"] for one in keys] == (
            [services] if services else []
        )
