"""Hand what is written into the egress table to the function that does it, as Lambda does with the stream."""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.observation import log
from local.aws import EGRESS_TABLE, local_session

POLL_SECONDS: Final = 0.5
STOP_SECONDS: Final = 10.0
BATCH: Final = 25
Deliver = Callable[[dict[str, Any], object], dict[str, Any]]


@contextmanager
def followed(endpoint_url: str, deliver: Deliver, table: str = EGRESS_TABLE) -> Iterator[None]:
    """Deliver each batch of new items, in a thread, while the context lasts."""
    stopped = threading.Event()
    follow = _Stream(endpoint_url, deliver, table)
    thread = threading.Thread(target=follow.run, args=(stopped,), name="streams", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stopped.set()
        thread.join(STOP_SECONDS)


class _Stream:
    """The table's one shard, from its beginning."""

    def __init__(self, endpoint_url: str, deliver: Deliver, table: str) -> None:
        session = local_session()
        self._dynamodb = session.client("dynamodb", endpoint_url=endpoint_url)
        self._streams: Any = session.client("dynamodbstreams", endpoint_url=endpoint_url)
        self._deliver = deliver
        self._table = table

    def run(self, stopped: threading.Event) -> None:
        """Deliver until stopped; a batch that fails is the sweep's, as in the cloud in the end."""
        iterator: str | None = None
        while not stopped.wait(POLL_SECONDS):
            try:
                iterator = self._next(iterator)
            except Exception as error:  # noqa: BLE001 - the next batch comes all the same
                level = logging.WARNING if isinstance(error, BotoCoreError | ClientError) else logging.ERROR
                log.event("stream_failed", level, **log.describe(error))

    def _next(self, iterator: str | None) -> str | None:
        answer = self._streams.get_records(ShardIterator=iterator or self._first(), Limit=BATCH)
        records = [one for one in answer["Records"] if one["eventName"] == "INSERT"]
        if records:
            self._deliver({"Records": records}, None)
        following: str | None = answer.get("NextShardIterator")
        return following

    def _first(self) -> str:
        arn = self._dynamodb.describe_table(TableName=self._table)["Table"]["LatestStreamArn"]
        shard = self._streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"][0]
        told = {"StreamArn": arn, "ShardId": shard["ShardId"], "ShardIteratorType": "TRIM_HORIZON"}
        return str(self._streams.get_shard_iterator(**told)["ShardIterator"])
