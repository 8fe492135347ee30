"""Break a small part of what one container does: cut its connections, throttle AWS, delay statements."""

import random
import socket
import time
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, Final

import psycopg2
from botocore.exceptions import ClientError
from psycopg2.extensions import cursor as Cursor  # noqa: N812 - psycopg2's own lower case

from chalicelib.clients.aws_calls import AwsCalls
from chalicelib.postgres import messages

RATE: Final = 0.05  # of statements, and of calls to AWS
SLOW_SECONDS: Final = 0.25
LOST: Final = "server closed the connection unexpectedly"  # what libpq says of a connection that was cut
THROTTLED: Final = ClientError({"Error": {"Code": "ThrottlingException"}}, "Decrypt")


class Faults:
    """Chances of this process; every container has its own."""

    def __init__(self, seed: int, rate: float) -> None:
        self.injected = Counter[str]()
        self._random = random.Random(seed)  # noqa: S311 - repeatable on purpose
        self._rate = rate

    def install(self) -> None:
        """Let faults happen from now on."""
        send, answer = messages.send, AwsCalls.answer

        def sent(
            cursor: Cursor, statement: str | bytes, values: Mapping[str, Any] | None = None
        ) -> list[tuple[Any, ...]]:
            return self._sent(send, cursor, statement, values)

        def answered(calls: AwsCalls, operation: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - what the wrapped one takes and gives
            return answer(calls, self._throttled(operation), *args, **kwargs)

        messages.send = sent
        AwsCalls.answer = answered  # type: ignore[method-assign, assignment]  # broken where it happens

    def _sent(
        self,
        send: Callable[..., list[tuple[Any, ...]]],
        cursor: Cursor,
        statement: str | bytes,
        values: Mapping[str, Any] | None,
    ) -> list[tuple[Any, ...]]:
        match self._chosen("cut before", "cut after", "slow"):
            case "cut before":
                hang_up(cursor)
            case "cut after":
                send(cursor, statement, values)  # the server has committed, and nobody hears of it
                hang_up(cursor)
                raise psycopg2.OperationalError(LOST)
            case "slow":
                time.sleep(SLOW_SECONDS)
            case _:
                pass
        return send(cursor, statement, values)

    def _throttled(self, operation: Callable[..., Any]) -> Callable[..., Any]:
        def throttled(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - the same
            if self._chosen("throttled"):
                raise THROTTLED
            return operation(*args, **kwargs)

        return throttled

    def _chosen(self, *kinds: str) -> str:
        if self._random.random() >= self._rate:
            return ""
        kind = self._random.choice(kinds)
        self.injected[kind] += 1
        return kind


def hang_up(cursor: Cursor) -> None:
    """Close the connection's socket in both directions, as a broken network does."""
    with socket.socket(fileno=socket.dup(cursor.connection.fileno())) as line:
        line.shutdown(socket.SHUT_RDWR)
