"""Hold the fake key vault and the real one, against a local AWS, to the same promises."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import UUID

import pytest
from moto import mock_aws

from chalicelib.clients.aws import aws_client
from chalicelib.clients.key_vault import USER_ID, KeyVault, WrappedKey
from chalicelib.domain.errors import IntegrityFailure
from tests.fakes import InMemoryKeyVault

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from chalicelib.clients.data_keys import WrappedKeys

REGION = "eu-central-1"
TABLE = "vault"
ANA = UUID("00000000-0000-4000-8000-00000000000a")
BEN = UUID("00000000-0000-4000-8000-00000000000b")
NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.fixture
def dynamodb(monkeypatch: pytest.MonkeyPatch) -> Iterator["DynamoDBClient"]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        client = aws_client("dynamodb", REGION, None)
        client.create_table(
            TableName=TABLE,
            KeySchema=[{"AttributeName": USER_ID, "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": USER_ID, "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        yield client


@pytest.fixture(params=["fake", "aws"])
def vault(request: pytest.FixtureRequest) -> KeyVault | InMemoryKeyVault:
    if request.param == "fake":
        return InMemoryKeyVault()
    return KeyVault(request.getfixturevalue("dynamodb"), TABLE)


def test_the_vault_fits_what_data_keys_need(vault: KeyVault | InMemoryKeyVault) -> None:
    port: WrappedKeys = vault
    assert port is vault


def test_a_kept_key_is_found_again(vault: KeyVault | InMemoryKeyVault) -> None:
    vault.put(ANA, b"wrapped", 1, NOW)
    assert vault.get(ANA) == WrappedKey(wrapped=b"wrapped", version=1)


def test_a_key_that_was_never_kept_is_none(vault: KeyVault | InMemoryKeyVault) -> None:
    assert vault.get(ANA) is None


def test_keeping_the_same_key_again_is_one_act(vault: KeyVault | InMemoryKeyVault) -> None:
    # F-8: the answer to the first attempt was lost
    vault.put(ANA, b"wrapped", 1, NOW)
    vault.put(ANA, b"wrapped", 1, NOW)
    assert vault.get(ANA) == WrappedKey(wrapped=b"wrapped", version=1)


def test_a_key_is_never_overwritten(vault: KeyVault | InMemoryKeyVault) -> None:
    vault.put(ANA, b"wrapped", 1, NOW)
    with pytest.raises(IntegrityFailure):
        vault.put(ANA, b"another", 1, NOW)
    assert vault.get(ANA) == WrappedKey(wrapped=b"wrapped", version=1)


def test_a_deleted_key_is_gone_and_only_that_one(vault: KeyVault | InMemoryKeyVault) -> None:
    vault.put(ANA, b"wrapped", 1, NOW)
    vault.put(BEN, b"another", 1, NOW)
    vault.delete(ANA)
    assert vault.get(ANA) is None
    assert vault.get(BEN) == WrappedKey(wrapped=b"another", version=1)


def test_deleting_twice_is_deleting_once(vault: KeyVault | InMemoryKeyVault) -> None:
    vault.delete(ANA)
    vault.delete(ANA)
    assert vault.get(ANA) is None


def test_the_item_holds_ids_a_wrapped_key_and_a_time_and_nothing_else(dynamodb: "DynamoDBClient") -> None:
    KeyVault(dynamodb, TABLE).put(ANA, b"wrapped", 1, NOW)
    assert dynamodb.scan(TableName=TABLE)["Items"] == [
        {
            "user_id": {"S": str(ANA)},
            "wrapped_key": {"B": b"wrapped"},
            "key_version": {"N": "1"},
            "created_at": {"S": "2026-01-02T03:04:05+00:00"},
        }
    ]


@pytest.mark.parametrize(
    "damage",
    [
        {},
        {"wrapped_key": {"S": "text"}, "key_version": {"N": "1"}},
        {"wrapped_key": {"B": b"w"}, "key_version": {"S": "x"}},
    ],
)
def test_an_item_that_holds_no_wrapped_key_is_an_integrity_failure(
    dynamodb: "DynamoDBClient", damage: dict[str, dict[str, str]]
) -> None:
    # F-11
    dynamodb.put_item(TableName=TABLE, Item={USER_ID: {"S": str(ANA)}, **damage})
    with pytest.raises(IntegrityFailure):
        KeyVault(dynamodb, TABLE).get(ANA)
