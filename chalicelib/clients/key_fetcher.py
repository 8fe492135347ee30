"""Fetch a provider's public keys where there is a way out: in the schedule, and in the local stack (GG1).

Inside the VPC there is none; `s3_keys` reads what the schedule published.
"""

import re
from collections.abc import Collection
from datetime import datetime, timedelta

from chalicelib.clients.bounded_http import HttpAnswer, HttpFailed, HttpGet
from chalicelib.clients.provider_key_cache import CachedProviderKeys
from chalicelib.clients.provider_keys import (
    KEY_SET_BYTES_MAX,
    KeySetRefused,
    KeySetUnreachable,
    ProviderKeySet,
    read_keys,
)
from chalicelib.domain.keys import SigningAlgorithm

FRESH_MIN = timedelta(minutes=5)  # an answer that forbids caching would have us ask at each sign-in
FRESH_MAX = timedelta(hours=24)  # Google says about 6 h; a year would keep a withdrawn key
_HTTP_OK = 200
_MAX_AGE = re.compile(r'(?:^|[,\s])max-age="?([0-9]{1,9})"?(?:$|[,\s])', re.IGNORECASE)
_AGE = re.compile(r"[0-9]{1,9}")


class KeyFetcher(CachedProviderKeys):
    """A provider's keys over HTTP, kept as long as it says, by the rules of `provider_key_cache`."""

    def __init__(self, *, url: str, http: HttpGet, algorithms: Collection[SigningAlgorithm]) -> None:
        """Fetch nothing yet; a set with a key of another algorithm will be refused."""
        super().__init__(load=self.fetch, recheck=FRESH_MAX)
        self._url = url
        self._http = http
        self._algorithms = algorithms

    def fetch(self, now: datetime) -> ProviderKeySet:
        """Return the set as the provider answers it now; nothing is kept, and one request is made.

        Raises:
            KeySetUnreachable: no answer in time, or an error.
            KeySetRefused: an answer that isn't a key set we would trust (F-15).
        """
        try:
            answer = self._http.get(self._url, body_bytes_max=KEY_SET_BYTES_MAX)
        except HttpFailed as error:
            raise KeySetUnreachable(str(error)) from error
        _check(answer)
        keys = read_keys(answer.body, self._algorithms)
        return ProviderKeySet(keys=keys, fetched_at=now, fresh_until=now + lifetime(answer))


def lifetime(answer: HttpAnswer) -> timedelta:
    """Return how long an answer may be kept: `max-age` less `Age` (RFC 9111 s4.2), within our bounds."""
    max_age = _MAX_AGE.search(answer.headers.get("cache-control", ""))
    age = _AGE.fullmatch(answer.headers.get("age", "0").strip())
    seconds = int(max_age[1]) - int(age[0] if age else 0) if max_age else 0
    return min(max(timedelta(seconds=seconds), FRESH_MIN), FRESH_MAX)


def _check(answer: HttpAnswer) -> None:
    if answer.status != _HTTP_OK:  # a redirect too: it would let the answer come from anywhere
        raise KeySetUnreachable(f"status {answer.status}")
    media_type = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json":
        raise KeySetRefused("not JSON")
