"""Many threads, one fetch: nobody waits who has a key to go on with."""

from concurrent.futures import ThreadPoolExecutor
from threading import Event

from chalicelib.clients.bounded_http import HttpAnswer
from chalicelib.clients.key_fetcher import KeyFetcher
from chalicelib.domain.providers import GOOGLE
from tests.fakes import START
from tests.google import GoogleKey, jwks
from tests.scripted_google import HOUR, ScriptedHttp, answer

KEY = GoogleKey()


class SlowHttp(ScriptedHttp):
    """Google that answers when the test lets it."""

    def __init__(self, given: HttpAnswer) -> None:
        super().__init__(given)
        self.begun, self.released = Event(), Event()

    def get(self, url: str, *, body_bytes_max: int) -> HttpAnswer:
        self.begun.set()
        assert self.released.wait(5)
        return super().get(url, body_bytes_max=body_bytes_max)


def slow_source() -> tuple[SlowHttp, KeyFetcher]:
    http = SlowHttp(answer(jwks(KEY)))
    return http, KeyFetcher(url="https://google.example/certs", http=http, algorithms=GOOGLE.algorithms)


def test_threads_of_a_cold_start_share_one_fetch() -> None:
    http, keys = slow_source()
    with ThreadPoolExecutor(16) as pool:
        found = [pool.submit(keys.find, KEY.kid, START) for _ in range(16)]
        assert http.begun.wait(5)
        http.released.set()
        assert all(future.result(5) for future in found)
    assert http.asked == 1


def test_threads_go_on_with_the_old_set_while_one_fetches() -> None:
    http, keys = slow_source()
    http.released.set()
    assert keys.find(KEY.kid, START)
    http.begun.clear()
    http.released.clear()
    with ThreadPoolExecutor(1) as pool:
        fetching = pool.submit(keys.find, KEY.kid, START + 7 * HOUR)
        assert http.begun.wait(5)
        assert keys.find(KEY.kid, START + 7 * HOUR)
        assert not fetching.done()
        http.released.set()
    assert http.asked == 2


def test_a_thread_that_waited_for_a_failed_fetch_does_not_fetch_again() -> None:  # F-13
    http, keys = slow_source()
    http.answer = None
    with ThreadPoolExecutor(16) as pool:
        found = [pool.submit(keys.find, KEY.kid, START) for _ in range(16)]
        assert http.begun.wait(5)
        http.released.set()
        assert all(future.exception(5) for future in found)
    assert http.asked == 1
