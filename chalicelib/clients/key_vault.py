"""Keep wrapped data keys apart from the data, in a table that no backup of the database brings back.

One item a person, so that deleting it is one act, after which every copy of that person's data is unreadable:
backups and restored snapshots included.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from chalicelib.clients.aws_calls import STANDARD_RETRIES, AwsCalls, RetryPolicy
from chalicelib.domain.errors import IntegrityFailure

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

USER_ID = "user_id"  # the table's partition key, a string; it has no sort key
TAKEN = frozenset({"ConditionalCheckFailedException"})


@dataclass(frozen=True, slots=True, kw_only=True)
class WrappedKey:
    """A person's data key as the vault holds it: only KMS can unwrap it."""

    wrapped: bytes = field(repr=False)
    version: int


class KeyVault:
    """The DynamoDB table; each method raises DependencyUnavailable when it can't be used."""

    def __init__(self, client: "DynamoDBClient", table: str, retries: RetryPolicy = STANDARD_RETRIES) -> None:
        """Use one table through a client that doesn't retry on its own."""
        self._client = client
        self._table = table
        self._calls = AwsCalls(service="key_vault", integrity_codes=TAKEN, retries=retries)

    def put(self, user_id: UUID, wrapped: bytes, version: int, created_at: datetime) -> None:
        """Keep a person's first key; keeping the same one twice is one act, so a lost answer can be retried.

        `created_at` lets orphans of sign-ups that never committed be swept (F-20).
        Raises IntegrityFailure when the person has another key, which is never overwritten.
        """
        self._calls.answer(
            self._client.put_item,
            TableName=self._table,
            Item=_key(user_id)
            | {
                "wrapped_key": {"B": wrapped},
                "key_version": {"N": str(version)},
                "created_at": {"S": created_at.isoformat()},
            },
            ConditionExpression="attribute_not_exists(user_id) OR wrapped_key = :wrapped",
            ExpressionAttributeValues={":wrapped": {"B": wrapped}},
        )

    def get(self, user_id: UUID) -> WrappedKey | None:
        """Return a person's key; None when there never was one, or it was deleted.

        Raises IntegrityFailure when the item isn't a wrapped key.
        """
        answer = self._calls.answer(
            self._client.get_item,
            TableName=self._table,
            Key=_key(user_id),
            ConsistentRead=True,
            ProjectionExpression="user_id, wrapped_key, key_version",
        )
        item = answer.get("Item")
        return None if item is None else _wrapped_key(item)

    def delete(self, user_id: UUID) -> None:
        """Delete a person's key for good; deleting it twice is the same."""
        self._calls.answer(self._client.delete_item, TableName=self._table, Key=_key(user_id))


def _key(user_id: UUID) -> "dict[str, AttributeValueTypeDef]":
    return {USER_ID: {"S": str(user_id)}}


def _wrapped_key(item: "dict[str, AttributeValueTypeDef]") -> WrappedKey:
    try:
        return WrappedKey(wrapped=bytes(item["wrapped_key"]["B"]), version=int(item["key_version"]["N"]))
    except (KeyError, TypeError, ValueError) as error:
        raise IntegrityFailure from error
