"""Be Google's key endpoint in memory, with the clock in the test's hand."""

from datetime import timedelta

from chalicelib.clients.bounded_http import HttpAnswer, HttpFailed
from chalicelib.clients.key_fetcher import KeyFetcher
from chalicelib.domain.providers import GOOGLE
from tests.fakes import FakeClock
from tests.google import GoogleKey

HOUR = timedelta(hours=1)
SECOND = timedelta(seconds=1)


def answer(body: bytes, *, status: int = 200, **headers: str) -> HttpAnswer:
    """Return an answer as Google words it, with what a test changes."""
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    return HttpAnswer(
        status=status,
        headers={"content-type": "application/json", "cache-control": "max-age=21600"} | given,
        body=body,
    )


class ScriptedHttp:
    """Google as a test wants it: an answer, or None for silence."""

    def __init__(self, given: HttpAnswer | None) -> None:
        self.answer = given
        self.asked = 0

    def get(self, url: str, *, body_bytes_max: int) -> HttpAnswer:
        self.asked += 1
        if self.answer is None:
            raise HttpFailed("total timeout")
        return self.answer


class World:
    """A fetcher, the Google that it asks, and the time."""

    def __init__(self, given: HttpAnswer | None) -> None:
        self.http = ScriptedHttp(given)
        self.clock = FakeClock()
        self.keys = KeyFetcher(
            url="https://google.example/certs", http=self.http, algorithms=GOOGLE.algorithms
        )

    def knows(self, key: GoogleKey) -> bool:
        return self.keys.find(key.kid, self.clock.now()) is not None
