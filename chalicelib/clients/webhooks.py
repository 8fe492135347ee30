"""Send an event to who asked for it: signed to an address, or to an event bus."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Protocol

from chalicelib.clients.aws_calls import STANDARD_RETRIES, AwsCalls, RetryPolicy
from chalicelib.clients.bounded_http import HttpFailed, HttpPost
from chalicelib.domain.egress import DONE, Outcome, Verdict
from chalicelib.domain.errors import DependencyUnavailable
from chalicelib.domain.webhooks import JOB, MESSAGE, body_of, signature, webhook_secret_context

ANSWER_BYTES_MAX = 1024  # its status says all
SOURCE = "serenya-auth"
_GONE = 410  # "the endpoint doesn't want any more", Standard Webhooks


class Unwrapping(Protocol):
    """What is needed of KMS."""

    def decrypt(self, wrapped: bytes, context: Mapping[str, str], wrapped_by: str | None = None) -> bytes:
        """Return what was wrapped with this context."""


class WebhookSender:
    """Posts messages; a receiver knows a repeated one by its id."""

    def __init__(self, *, http: HttpPost, kms: Unwrapping) -> None:
        """Take the way out, and what opens endpoints' secrets."""
        self._http = http
        self._kms = kms

    def send(self, document: Mapping[str, Any], now: datetime) -> Outcome:
        """Send one message; any answer but 2xx, a redirect too, is a failure."""
        job = JOB.read(document)
        body, message_id = body_of(job["message"]), job["id"]
        secrets = [self._secret(job["endpoint_id"], one) for one in job["secrets"]]
        headers = {
            "Content-Type": "application/json",
            "webhook-id": message_id,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": signature(secrets, message_id, now, body),
        }
        try:
            answer = self._http.post(job["url"], body, headers=headers, body_bytes_max=ANSWER_BYTES_MAX)
        except HttpFailed as error:
            cause = type(error.__cause__).__name__ if error.__cause__ else "no_answer"
            return Outcome(verdict=Verdict.FAILED, cause=cause)
        if 200 <= answer.status < 300:  # noqa: PLR2004 - RFC 9110 s15.3
            return DONE
        verdict = Verdict.REFUSED if answer.status == _GONE else Verdict.FAILED
        return Outcome(verdict=verdict, cause=f"status_{answer.status}")

    def _secret(self, endpoint_id: str, told: Mapping[str, Any]) -> bytes:
        context = webhook_secret_context(endpoint_id, told["version"])
        return self._kms.decrypt(told["wrapped"], context, told["kms_key_id"])


class EventsClient(Protocol):
    """What is needed of EventBridge's client."""

    def put_events(self, *, Entries: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803 - AWS's name
        """Put events on buses."""


class EventBus:
    """Puts events on a bus; consumers know a repeated one by its id."""

    def __init__(self, client: EventsClient, retries: RetryPolicy = STANDARD_RETRIES) -> None:
        """Take a client that doesn't retry on its own."""
        self._client = client
        self._calls = AwsCalls(service="events", integrity_codes=frozenset(), retries=retries)

    def send(self, document: Mapping[str, Any], now: datetime) -> Outcome:  # noqa: ARG002 - the port gives it
        """Put one event; the bus says of each whether it took it."""
        job = JOB.read(document)
        message = MESSAGE.read(job["message"])
        entry = {
            "EventBusName": job["url"],
            "Source": SOURCE,
            "DetailType": message["type"],
            "Time": message["timestamp"],
            "Detail": json.dumps({"id": job["id"], **job["message"]}, separators=(",", ":")),
        }
        try:
            answer = self._calls.answer(self._client.put_events, Entries=[entry])
        except DependencyUnavailable:
            return Outcome(verdict=Verdict.FAILED, cause="unavailable")
        return Outcome(verdict=Verdict.FAILED, cause="not_taken") if answer["FailedEntryCount"] else DONE
