"""Keep wrapped data keys apart from the data, in a table that no backup of the database brings back.

One item a person, so that deleting it is one act, after which every copy of that person's data is unreadable:
backups and restored snapshots included.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from chalicelib.clients.aws_calls import STANDARD_RETRIES, AwsCalls, RetryPolicy
from chalicelib.clients.item_values import item_bytes, item_moment, item_number, item_text, item_uuid
from chalicelib.domain.errors import IntegrityFailure
from chalicelib.domain.formats import Format, added, required
from chalicelib.domain.key_life import VaultItem, VaultPage

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

USER_ID = "user_id"  # the table's partition key, a string; it has no sort key
KMS_KEY_ID = "kms_key_id"  # the attribute that names what wrapped the key
TAKEN = frozenset({"ConditionalCheckFailedException"})


@dataclass(frozen=True, slots=True, kw_only=True)
class WrappedKey:
    """A person's data key as the vault holds it: only KMS can unwrap it, by the key that is named.

    `kms_key_id` None: the first KMS key of all, of before the vault named them.
    """

    wrapped: bytes = field(repr=False)
    version: int
    kms_key_id: str | None = None


class KeyVault:
    """The DynamoDB table; each method raises DependencyUnavailable when it can't be used."""

    def __init__(self, client: "DynamoDBClient", table: str, retries: RetryPolicy = STANDARD_RETRIES) -> None:
        """Use one table through a client that doesn't retry on its own."""
        self._client = client
        self._table = table
        self._calls = AwsCalls(service="key_vault", integrity_codes=TAKEN, retries=retries)

    def put(
        self,
        user_id: UUID,
        wrapped: bytes,
        version: int,
        created_at: datetime,
        kms_key_id: str | None = None,
    ) -> None:
        """Keep a person's first key; keeping the same one twice is one act, so a lost answer can be retried.

        `created_at` lets orphans of sign-ups that never committed be swept (F-20).
        Raises IntegrityFailure when the person has another key, which is never overwritten.
        """
        self._calls.answer(
            self._client.put_item,
            TableName=self._table,
            Item=ITEM.write(
                _key(user_id)
                | {
                    "wrapped_key": {"B": wrapped},
                    "key_version": {"N": str(version)},
                    "created_at": {"S": created_at.isoformat()},
                }
                | ({} if kms_key_id is None else {KMS_KEY_ID: {"S": kms_key_id}})
            ),
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
            ProjectionExpression=f"user_id, wrapped_key, key_version, {KMS_KEY_ID}",
        )
        item = answer.get("Item")
        return None if item is None else _wrapped_key(item)

    def delete(self, user_id: UUID) -> None:
        """Delete a person's key for good; deleting it twice is the same."""
        self._calls.answer(self._client.delete_item, TableName=self._table, Key=_key(user_id))

    def page(self, after: str | None, limit: int) -> VaultPage:
        """Return the items behind one, in the vault's own order; a walk through all begins with None."""
        start: dict[str, Any] = {} if after is None else {"ExclusiveStartKey": {USER_ID: {"S": after}}}
        answer = self._calls.answer(
            self._client.scan, TableName=self._table, ConsistentRead=True, Limit=limit, **start
        )
        items = [_vault_item(item) for item in answer["Items"]]
        last = answer.get("LastEvaluatedKey")
        return VaultPage(
            items=tuple(item for item in items if item is not None),
            damaged=items.count(None),
            after=None if last is None else item_text(last[USER_ID]),
        )

    def replace(self, item: VaultItem, wrapped: bytes, kms_key_id: str) -> bool:
        """Wrap an item anew; False when it is gone, or not the one that was read: nothing is written then.

        Sent twice it is one act, so a lost answer can be retried.
        """
        try:
            self._calls.answer(
                self._client.update_item,
                TableName=self._table,
                Key=_key(item.user_id),
                UpdateExpression=f"SET wrapped_key = :wrapped, {KMS_KEY_ID} = :kms_key_id",
                ConditionExpression="wrapped_key IN (:seen, :wrapped)",  # false for an item that is gone
                ExpressionAttributeValues={
                    ":wrapped": {"B": wrapped},
                    ":seen": {"B": item.wrapped},
                    ":kms_key_id": {"S": kms_key_id},
                },
            )
        except IntegrityFailure:
            return False
        return True


def _key(user_id: UUID) -> "dict[str, AttributeValueTypeDef]":
    return {USER_ID: {"S": str(user_id)}}


def _wrapped_key(item: "dict[str, AttributeValueTypeDef]") -> WrappedKey:
    told = ITEM.read(item)
    return WrappedKey(wrapped=told["wrapped_key"], version=told["key_version"], kms_key_id=told[KMS_KEY_ID])


def _vault_item(item: "dict[str, AttributeValueTypeDef]") -> VaultItem | None:
    """Return an item of a walk; None when it isn't a wrapped key, which only its reader is told."""
    try:
        told = ITEM.read(item)
    except IntegrityFailure:
        return None
    return VaultItem(
        user_id=told[USER_ID],
        wrapped=told["wrapped_key"],
        version=told["key_version"],
        kms_key_id=told[KMS_KEY_ID],
        created_at=told["created_at"],
    )


ITEM = Format(
    "key_vault_item",
    {
        USER_ID: required(item_uuid),
        "wrapped_key": required(item_bytes),
        "key_version": required(item_number),
        "created_at": added(item_moment, is_written=True),
        KMS_KEY_ID: added(item_text, is_written=True),
    },
)
