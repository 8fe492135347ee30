"""Keep errands in the table whose stream wakes the function that does them; every change is conditional.

Two attributes make an index in which an errand stands only while somebody waits for it: `queue` is `due`
while it is to be done, `result` until the VPC has learned what came of it, and absent then.
"""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from chalicelib.clients.aws_calls import STANDARD_RETRIES, AwsCalls, RetryPolicy
from chalicelib.clients.item_values import item_bytes, item_moment, item_number, item_text
from chalicelib.domain.egress import DEAD_KEPT, DONE_KEPT, FIRST_LOOK, EgressKind, EgressState, Errand
from chalicelib.domain.errors import IntegrityFailure
from chalicelib.domain.formats import Format, added, optional, required
from chalicelib.observation import log

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

ID = "id"  # the table's partition key, a string; it has no sort key
EXPIRES_AT = "expires_at"  # its TTL
INDEX = "queue"
DUE, RESULT = "due", "result"
TAKEN = frozenset({"ConditionalCheckFailedException"})
_PENDING = "#state = :pending"
_FREE = "(attribute_not_exists(leased_until) OR leased_until <= :now)"
_NAMES = {"#state": "state"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """An errand and the moment until which it is this holder's to try."""

    errand: Errand
    until: datetime


class EgressTable:
    """The errands; each method raises DependencyUnavailable when DynamoDB can't be used."""

    def __init__(self, client: "DynamoDBClient", table: str, retries: RetryPolicy = STANDARD_RETRIES) -> None:
        """Use one table through a client that doesn't retry on its own."""
        self._client = client
        self._table = table
        self._calls = AwsCalls(service="egress", integrity_codes=TAKEN, retries=retries)

    def put(self, errand: Errand) -> bool:
        """Write an errand once; False when it was written before, whatever became of it since."""
        item = ITEM.write(
            _key(errand.id)
            | {
                "kind": {"S": errand.kind.value},
                "payload": {"B": errand.payload},
                "state": {"S": errand.state.value},
                "attempts": {"N": "0"},
                "created_at": {"S": errand.created_at.isoformat()},
                "queue": {"S": DUE},
                "due_at": _moment(errand.created_at + FIRST_LOOK),
            }
        )
        return self._happens(
            self._client.put_item, Item=item, ConditionExpression=f"attribute_not_exists({ID})"
        )

    def claim(self, errand_id: str, *, now: datetime, lease: timedelta) -> Lease | None:
        """Take a pending errand for one try, which is counted; None when it isn't pending, or is taken."""
        until = now + lease
        try:
            answer = self._calls.answer(
                self._client.update_item,
                TableName=self._table,
                Key=_key(errand_id),
                UpdateExpression="SET leased_until = :until, due_at = :until ADD attempts :one",
                ConditionExpression=f"{_PENDING} AND {_FREE}",
                ExpressionAttributeNames=_NAMES,
                ExpressionAttributeValues={
                    ":pending": {"S": EgressState.PENDING.value},
                    ":until": _moment(until),
                    ":now": _moment(now),
                    ":one": {"N": "1"},
                },
                ReturnValues="ALL_NEW",
            )
        except IntegrityFailure:
            return None
        errand = self._read(answer["Attributes"])
        return None if errand is None else Lease(errand=errand, until=until)

    def wait(self, lease: Lease, *, until: datetime) -> None:
        """Give a claim back, to be tried again later; nothing changes if it isn't this holder's any more."""
        self._happens(
            self._client.update_item,
            Key=_key(lease.errand.id),
            UpdateExpression="SET due_at = :due REMOVE leased_until",
            ConditionExpression=f"{_PENDING} AND leased_until = :lease",
            ExpressionAttributeNames=_NAMES,
            ExpressionAttributeValues={
                ":pending": {"S": EgressState.PENDING.value},
                ":due": _moment(until),
                ":lease": _moment(lease.until),
            },
        )

    def finish(self, lease: Lease, state: EgressState, *, result: bytes | None, now: datetime) -> bool:
        """End an errand and hand its result to the VPC; False if another holder ended it, or tries it now."""
        told = {":result": {"B": result}} if result is not None else {}
        return self._happens(
            self._client.update_item,
            Key=_key(lease.errand.id),
            UpdateExpression="SET #state = :state, queue = :queue, due_at = :now"
            + (", #result = :result" if told else "")
            + " REMOVE payload, leased_until",
            ConditionExpression=f"{_PENDING} AND leased_until = :lease",
            ExpressionAttributeNames=_NAMES | ({"#result": "result"} if told else {}),
            ExpressionAttributeValues={
                ":pending": {"S": EgressState.PENDING.value},
                ":state": {"S": state.value},
                ":queue": {"S": RESULT},
                ":now": _moment(now),
                ":lease": _moment(lease.until),
                **told,
            },
        )

    def due(self, *, now: datetime, limit: int) -> tuple[str, ...]:
        """Return pending errands whose time has come, the longest due first."""
        return tuple(item_text(item[ID]) for item in self._queued(DUE, now, limit))

    def results(self, *, now: datetime, limit: int) -> tuple[Errand, ...]:
        """Return errands that ended and whose result nobody has applied yet, the oldest first."""
        return tuple(
            errand
            for item in self._queued(RESULT, now, limit)
            if (errand := self._get(item_text(item[ID]))) is not None
        )

    def settle(self, errand: Errand, *, now: datetime) -> None:
        """Forget a result that was applied; the errand stays a while, so that it isn't written again."""
        kept = DONE_KEPT if errand.state is EgressState.DONE else DEAD_KEPT
        self._happens(
            self._client.update_item,
            Key=_key(errand.id),
            UpdateExpression=f"SET {EXPIRES_AT} = :expires REMOVE queue, due_at, #result",
            ConditionExpression="queue = :queue",
            ExpressionAttributeNames={"#result": "result"},
            ExpressionAttributeValues={
                ":expires": {"N": str(int((now + kept).timestamp()))},
                ":queue": {"S": RESULT},
            },
        )

    def _queued(self, queue: str, now: datetime, limit: int) -> list[dict[str, Any]]:
        answer = self._calls.answer(
            self._client.query,
            TableName=self._table,
            IndexName=INDEX,
            KeyConditionExpression="queue = :queue AND due_at <= :now",
            ExpressionAttributeValues={":queue": {"S": queue}, ":now": _moment(now)},
            Limit=limit,
        )
        return list(answer["Items"])

    def _get(self, errand_id: str) -> Errand | None:
        answer = self._calls.answer(
            self._client.get_item, TableName=self._table, Key=_key(errand_id), ConsistentRead=True
        )
        item = answer.get("Item")
        return None if item is None or item.get("queue", {}).get("S") != RESULT else self._read(item)

    def _read(self, item: dict[str, Any]) -> Errand | None:
        """Return an errand; what isn't one is told, and taken out of the way of the others."""
        try:
            return _errand(item)
        except IntegrityFailure as error:
            log.event("integrity", logging.ERROR, **log.describe(error))
            self._calls.answer(
                self._client.update_item,
                TableName=self._table,
                Key={ID: item[ID]},
                UpdateExpression="SET #state = :dead REMOVE queue, due_at",
                ExpressionAttributeNames=_NAMES,
                ExpressionAttributeValues={":dead": {"S": EgressState.DEAD.value}},
            )
            return None

    def _happens(self, operation: Any, **parameters: Any) -> bool:  # noqa: ANN401 - a method of botocore's client, and what it takes
        try:
            self._calls.answer(operation, TableName=self._table, **parameters)
        except IntegrityFailure:
            return False
        return True


def _key(errand_id: str) -> dict[str, Any]:
    return {ID: {"S": errand_id}}


def _moment(moment: datetime) -> dict[str, Any]:
    return {"N": str(int(moment.timestamp() * 1000))}  # milliseconds: what orders needs no more


def _errand(item: dict[str, Any]) -> Errand:
    told = ITEM.read(item)
    return Errand(
        id=told[ID],
        kind=told["kind"],
        payload=told["payload"],
        created_at=told["created_at"],
        state=told["state"],
        attempts=told["attempts"],
        result=told["result"],
    )


ITEM = Format(  # `leased_until` and the TTL are only compared, by DynamoDB
    "outbound_job_item",
    {
        ID: required(item_text),
        "kind": required(lambda value: EgressKind(item_text(value))),
        "payload": optional(item_bytes, default=b""),
        "state": required(lambda value: EgressState(item_text(value))),
        "attempts": required(item_number),
        "created_at": required(item_moment),
        "queue": optional(item_text),
        "due_at": optional(item_number),
        "result": added(item_bytes, is_written=True),
    },
)
