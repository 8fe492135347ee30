"""Settings: complete, all faults told at once, and nothing insecure outside the local stage."""

import json

import pytest

from chalicelib.domain.providers import GOOGLE
from chalicelib.settings import (
    CONNECTIONS_OF_A_CONTAINER,
    InvalidSettings,
    Settings,
    Stage,
    from_environment,
)

CLIENT = {"client_id": "a.apps.googleusercontent.com", "platforms": ["ios"], "nonce": "raw"}
LIVE = {
    "STAGE": "prod",
    "DATABASE_URL": "postgresql://serenya_app@db.example:5432/serenya",
    "AWS_REGION": "eu-central-1",
    "ISSUER_URL": "https://auth.example/v1",
    "GOOGLE_CLIENTS": json.dumps([CLIENT]),
    "GOOGLE_KEYS_URL": "s3://keys/google.json",
    "KMS_KEY_ID": "key-1",
    "SIGNING_KMS_KEY_ID": "key-2",
    "VAULT_TABLE": "vault",
    "EGRESS_TABLE": "egress",
    "EVIDENCE_BUCKET": "evidence",
}
REQUIRED = tuple(LIVE)


def faults(**changes: str | None) -> tuple[str, ...]:
    told = {name: value for name, value in (LIVE | changes).items() if value is not None}
    with pytest.raises(InvalidSettings) as caught:
        from_environment(told)
    return caught.value.faults


def names(found: tuple[str, ...]) -> list[str]:
    return [fault.split(":")[0] for fault in found]


def read(**changes: str) -> Settings:
    return from_environment(LIVE | changes)


def test_what_is_required_is_enough() -> None:
    settings = read()
    assert settings.stage is Stage.PROD
    assert settings.connections_max == CONNECTIONS_OF_A_CONTAINER
    lifetimes = settings.lifetimes
    seconds = [lifetimes.access_token, lifetimes.refresh_grace, lifetimes.idle, lifetimes.absolute]
    assert [one.total_seconds() for one in seconds] == [900, 30, 7 * 86400, 30 * 86400]


def test_an_empty_environment_names_everything_that_is_missing() -> None:
    with pytest.raises(InvalidSettings) as caught:
        from_environment({})
    assert names(caught.value.faults) == list(REQUIRED)
    assert all(name in str(caught.value) for name in REQUIRED)


@pytest.mark.parametrize("name", REQUIRED)
def test_each_missing_or_blank_setting_is_named(name: str) -> None:
    assert names(faults(**{name: None})) == [name] or name == "STAGE"
    assert name in names(faults(**{name: "  "}))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("STAGE", "production"),
        ("DATABASE_URL", "mysql://a@b/c"),
        ("DATABASE_URL", "postgresql://host"),
        ("DATABASE_URL", "postgresql:///name"),
        ("DATABASE_URL", "postgresql://db.example/serenya"),
        ("DATABASE_URL", "postgresql://serenya_app:hunter2@db.example/serenya"),  # L6
        ("DATABASE_URL", "postgresql://serenya_app@db.example/serenya?sslmode=disable"),  # L3
        ("AWS_REGION", "eu-nowhere-1"),
        ("AWS_REGION", "../eu-west-1"),
        ("ISSUER_URL", "http://auth.example"),
        ("ISSUER_URL", "https://auth.example?x=1"),
        ("ISSUER_URL", "auth.example"),
        ("AWS_ENDPOINT_URL", "http://127.0.0.1:5000"),
        ("GOOGLE_KEYS_URL", "http://127.0.0.1/certs"),
        ("GOOGLE_KEYS_URL", "https://evil.example/certs"),
        ("GOOGLE_KEYS_URL", GOOGLE.keys_url + "/"),
        ("GOOGLE_KEYS_URL", "s3://bucket"),
        ("SIGNING_ALGORITHM", "HS256"),
        ("SIGNING_ALGORITHM", "none"),
        ("ACCESS_TOKEN_SECONDS", "59"),
        ("ACCESS_TOKEN_SECONDS", "3601"),
        ("ACCESS_TOKEN_SECONDS", "15 min"),
        ("ACCESS_TOKEN_SECONDS", "-900"),
        ("REFRESH_GRACE_SECONDS", "301"),
        ("SESSION_IDLE_SECONDS", "1"),
        ("SESSION_ABSOLUTE_SECONDS", "999999999"),
        ("GOOGLE_CLIENTS", "{"),
        ("GOOGLE_CLIENTS", "[]"),
        ("GOOGLE_CLIENTS", "{}"),
        ("GOOGLE_CLIENTS", json.dumps([CLIENT, CLIENT])),
        ("GOOGLE_CLIENTS", json.dumps([CLIENT | {"nonce": "none"}])),
        ("GOOGLE_CLIENTS", json.dumps([CLIENT | {"platforms": []}])),
        ("GOOGLE_CLIENTS", json.dumps([CLIENT | {"platforms": ["windows"]}])),
        ("GOOGLE_CLIENTS", json.dumps([CLIENT | {"platforms": "ios"}])),
        ("GOOGLE_CLIENTS", json.dumps([CLIENT | {"more": 1}])),
        ("GOOGLE_CLIENTS", json.dumps([CLIENT | {"client_id": ""}])),
    ],
)
def test_each_wrong_setting_is_named(name: str, value: str) -> None:
    assert name in names(faults(**{name: value}))


def test_all_faults_are_told_at_once() -> None:
    found = faults(DATABASE_URL=None, SIGNING_ALGORITHM="HS256", ACCESS_TOKEN_SECONDS="x", VAULT_TABLE="")
    assert sorted(names(found)) == [
        "ACCESS_TOKEN_SECONDS",
        "DATABASE_URL",
        "SIGNING_ALGORITHM",
        "VAULT_TABLE",
    ]


def test_the_local_stage_may_use_local_parts_but_never_in_a_deployed_function() -> None:
    local = {
        "STAGE": "local",
        "ISSUER_URL": "http://127.0.0.1:8000/",
        "AWS_ENDPOINT_URL": "http://127.0.0.1:5000",
        "GOOGLE_KEYS_URL": "http://127.0.0.1:5001/certs",
    }
    assert read(**local).issuer_url == "http://127.0.0.1:8000"
    assert names(faults(**local, AWS_LAMBDA_FUNCTION_NAME="api")) == ["STAGE"]


def test_neither_messages_nor_prints_show_the_database_url() -> None:
    secret = LIVE["DATABASE_URL"].replace("serenya_app", "serenya_app:hunter2")
    assert "hunter2" not in repr(read(DATABASE_URL=secret, STAGE="local"))
    assert "hunter2" not in str(faults(DATABASE_URL=secret))
    assert "hunter2" not in str(faults(DATABASE_URL=secret.replace("postgresql", "mysql")))


def test_the_setting_of_rsa_is_taken() -> None:
    assert read(SIGNING_ALGORITHM="RS256").signing_algorithm == "RS256"


def test_limits_can_be_lifted_locally_and_nowhere_else() -> None:
    assert not read(LIMITS="off").limits_are_lifted
    assert read(STAGE="local", LIMITS="off").limits_are_lifted
    assert not read(STAGE="local").limits_are_lifted


def test_limits_are_on_or_off() -> None:
    assert names(faults(LIMITS="maybe")) == ["LIMITS"]
