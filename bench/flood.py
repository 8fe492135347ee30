"""`make flood`: 200 requests a second from one address against sign-in, beside people who go on as ever."""

import importlib
import io
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from statistics import quantiles
from typing import Any, Final

from bench.parts import Parts, started
from bench.phones import Phone
from chalicelib import wiring
from chalicelib.routes.all import ROUTES
from chalicelib.routes.edge import Api, mount
from chalicelib.routes.services import Services
from chalicelib.settings import from_environment
from local.database import connected
from local.invoke import enter
from local.server import create_server

CONTAINERS: Final = 4
RATE: Final = 200  # requests a second
SECONDS: Final = 20
PEOPLE: Final = 40
FLOODING: Final = "203.0.113.66"


@dataclass(slots=True)
class Fleet:
    """Containers that take turns; a request is answered by the one that its thread chose."""

    containers: Sequence[Services]
    chosen: threading.local = field(default_factory=threading.local)

    def app(self) -> Api:
        """Return the app, fit for many threads."""
        app = Api("flood")
        mount(app, ROUTES, lambda: self.chosen.services)
        create_server(app, 0).server_close()  # makes the current request a thread's own
        return app

    def send(
        self, app: Api, event: dict[str, Any], address: str, number: int
    ) -> tuple[Mapping[str, Any], float]:
        """Return the answer to one request from an address, and its seconds."""
        self.chosen.services = self.containers[number % len(self.containers)]
        event["requestContext"]["identity"]["sourceIp"] = address
        began = time.perf_counter()
        answer = app(event, None)
        return answer, time.perf_counter() - began


def main() -> None:
    """Measure and print."""
    with started() as parts:
        enter(parts.settings)
        importlib.import_module("app")
        settings = from_environment()
        fleet = Fleet([wiring.assemble(settings) for _ in range(CONTAINERS)])
        app = fleet.app()
        with redirect_stdout(io.StringIO()):
            people = [signed_up(parts, fleet, app, number) for number in range(PEOPLE)]
            calm = at_rate(PEOPLE, SECONDS // 2, lambda number: visit(fleet, app, people, number))
            before = written(parts)
            stormy, flooded = beside(fleet, app, people, of_somebody(parts, fleet, app))
            after = written(parts)
        report("others, before", calm)
        report("others, during", stormy)
        report("the flood", flooded)
        sys.stdout.write(f"writes to rate_limits: {after - before}\n")


def signed_up(parts: Parts, fleet: Fleet, app: Api, number: int) -> Phone:
    """Return the phone of somebody who has an account."""
    phone = Phone(email=f"flood-{number}@bench.example")
    phone.prepare(parts.google, 1)
    answer, _ = fleet.send(app, phone.sign_in(), of_others(number), number)
    phone.keep(answer)
    return phone


def of_somebody(parts: Parts, fleet: Fleet, app: Api) -> dict[str, Any]:
    """Return a sign-in with the genuine ID token of somebody who used it before."""
    phone = Phone(email="flood@bench.example")
    phone.prepare(parts.google, 1)
    (token,) = phone.id_tokens
    fleet.send(app, phone.sign_in(), of_others(PEOPLE), 0)
    phone.id_tokens.append(token)
    return phone.sign_in()


def visit(fleet: Fleet, app: Api, people: Sequence[Phone], number: int) -> tuple[int, float]:
    """Let one of the others refresh."""
    phone = people[number % PEOPLE]
    answer, seconds = fleet.send(app, phone.refresh(), of_others(number % PEOPLE), number)
    phone.keep(answer)
    return int(answer["statusCode"]), seconds


def beside(
    fleet: Fleet, app: Api, people: Sequence[Phone], sign_in: dict[str, Any]
) -> tuple[list[tuple[int, float]], list[tuple[int, float]]]:
    """Flood, and let the others go on meanwhile."""

    def attempt(number: int) -> tuple[int, float]:
        own = {**sign_in, "requestContext": {**sign_in["requestContext"], "identity": {}}}
        answer, seconds = fleet.send(app, own, FLOODING, number)
        return int(answer["statusCode"]), seconds

    with ThreadPoolExecutor(2) as both:
        flooded = both.submit(at_rate, RATE, SECONDS, attempt)
        stormy = both.submit(at_rate, PEOPLE // 2, SECONDS, lambda number: visit(fleet, app, people, number))
        return stormy.result(), flooded.result()


def at_rate(rate: int, seconds: int, act: Callable[[int], tuple[int, float]]) -> list[tuple[int, float]]:
    """Return what each act answered; they begin evenly, whether earlier ones are done or not."""
    began = time.perf_counter()

    def at_its_time(number: int) -> tuple[int, float]:
        time.sleep(max(0.0, began + number / rate - time.perf_counter()))
        return act(number)

    with ThreadPoolExecutor(rate) as threads:
        return list(threads.map(at_its_time, range(rate * seconds)))


def of_others(number: int) -> str:
    """Return the address of somebody."""
    return f"198.51.100.{number + 1}"


def written(parts: Parts) -> int:
    """Return how often rows of the limits were written."""
    with connected(parts.owner_url) as connection, connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_sleep(1.5), n_tup_ins + n_tup_upd FROM pg_stat_user_tables"
            " WHERE relname = 'rate_limits'"
        )
        return int(cursor.fetchall()[0][1])


def report(name: str, answers: Sequence[tuple[int, float]]) -> None:
    """Print what was answered, and how fast."""
    statuses = dict(sorted(Counter(status for status, _ in answers).items()))
    marks = quantiles([seconds * 1000 for _, seconds in answers], n=100)
    times = f"p50 {marks[49]:6.1f} ms  p95 {marks[94]:6.1f} ms  p99 {marks[98]:6.1f} ms"
    sys.stdout.write(f"{name:<15} {statuses!s:<30} {times}\n")


if __name__ == "__main__":
    main()
