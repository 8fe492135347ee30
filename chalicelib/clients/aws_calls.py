"""Call AWS in bounded time, and say in the house's own errors what went wrong.

Retrying is done here and not by botocore, which counts attempts but knows no deadline: one of the call, so
that other calls have their turn, and one of the request (`budget`): decision 0009.
"""

import logging
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus
from typing import ParamSpec, TypeVar

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    HTTPClientError,
)
from botocore.exceptions import (
    ConnectionError as BotoConnectionError,
)
from botocore.parsers import ResponseParserError

from chalicelib import budget
from chalicelib.clients.bounded_call import TimeIsUp, answer_within
from chalicelib.domain.errors import DependencyUnavailable, IntegrityFailure
from chalicelib.observation import log, tally

Parameters = ParamSpec("Parameters")
Answer = TypeVar("Answer")
AwsError = ClientError | BotoCoreError | ResponseParserError | TimeIsUp

DENIED_RETRY_AFTER = timedelta(seconds=60)  # somebody must change a policy or a key first
ATTEMPT_SECONDS = 3.0  # to find, to connect and to read; `aws` has a limit for each of the two latter
BROKEN_CONVERSATION = (BotoConnectionError, HTTPClientError, ResponseParserError, TimeIsUp)
TRANSIENT_CODES = frozenset(
    {
        "DependencyTimeoutException",
        "KMSInternalException",
        "KeyUnavailableException",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestTimeout",
        "RequestTimeoutException",
        "SlowDown",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """How often, how fast and until when a call is tried again: full jitter, within two limits."""

    attempts_max: int = 3
    window: timedelta = timedelta(seconds=2)  # no attempt starts later than this after the first
    backoff: timedelta = timedelta(milliseconds=250)  # the longest first pause; the second may be twice that
    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    jitter: Callable[[], float] = random.SystemRandom().random

    def pause(self, attempt: int, started: float) -> float | None:
        """Return the seconds to wait after an attempt, counted from 1; None when it was the last."""
        seconds = self.jitter() * self.backoff.total_seconds() * 2 ** (attempt - 1)
        late = self.monotonic() - started + seconds > self.window.total_seconds()
        whole = seconds + ATTEMPT_SECONDS  # an attempt that can't be waited for is none
        return None if late or attempt >= self.attempts_max or budget.within(whole) < whole else seconds

    def retry_after(self) -> timedelta:
        """Return when a phone should come again: spread, so that an outage ends without a storm (F-38)."""
        return timedelta(seconds=1 + 4 * self.jitter())


STANDARD_RETRIES = RetryPolicy()


@dataclass(frozen=True, slots=True, kw_only=True)
class AwsCalls:
    """Calls one AWS service.

    `service` begins the events it logs: ``kms_denied`` for what lasts until somebody acts,
    ``kms_unavailable`` for what passes. `integrity_codes` are answers that say our data is wrong, not AWS.
    """

    service: str
    integrity_codes: frozenset[str]
    retries: RetryPolicy = STANDARD_RETRIES

    def answer(
        self, operation: Callable[Parameters, Answer], *args: Parameters.args, **kwargs: Parameters.kwargs
    ) -> Answer:
        """Return what AWS answers, after trying again what may pass.

        Raises DependencyUnavailable or, for one of `integrity_codes`, IntegrityFailure.
        """
        started, attempt = self.retries.monotonic(), 1
        while True:
            tally.count(f"{self.service}_calls")
            try:
                return answer_within(ATTEMPT_SECONDS, lambda: operation(*args, **kwargs))
            except (ClientError, BotoCoreError, ResponseParserError, TimeIsUp) as error:
                self.retries.sleep(self._pause_after(error, attempt, started))
                attempt += 1

    def _pause_after(self, error: AwsError, attempt: int, started: float) -> float:
        code = error_code(error)
        if code in self.integrity_codes:
            raise IntegrityFailure from error
        if not is_transient(error):
            log.event(f"{self.service}_denied", logging.ERROR, cause=code)
            raise DependencyUnavailable(retry_after=DENIED_RETRY_AFTER) from error
        seconds = self.retries.pause(attempt, started)
        if seconds is None:
            log.warn(f"{self.service}_unavailable", cause=code)
            raise DependencyUnavailable(retry_after=self.retries.retry_after()) from error
        return seconds


def error_code(error: AwsError) -> str:
    """Return AWS's name of an error, or botocore's when AWS wasn't reached; it holds no data."""
    if isinstance(error, ClientError):
        return error.response.get("Error", {}).get("Code", "unknown")
    return type(error).__name__


def is_transient(error: AwsError) -> bool:
    """Tell whether the same call may succeed a moment later."""
    if not isinstance(error, ClientError):
        return isinstance(error, BROKEN_CONVERSATION)
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    overloaded = status >= HTTPStatus.INTERNAL_SERVER_ERROR or status == HTTPStatus.TOO_MANY_REQUESTS
    return overloaded or error_code(error) in TRANSIENT_CODES
