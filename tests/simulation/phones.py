"""Honest phones on bad networks, and thieves who copy a refresh token from some of them."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from tests.proofs import PhoneKey
from tests.simulation.ledger import Ledger
from tests.simulation.network import Exchange
from tests.simulation.schedule import Schedule
from tests.world import Phone, Reply, World

PAUSE_SECONDS = (60.0, 600.0)  # between an app's refreshes: until the access token is old
PARALLEL = 0.25  # refreshes that two parts of an app send at once
LOGOUT = 0.03


@dataclass
class Site:
    """What all phones share: the service, in several containers, and the record of its answers."""

    world: World
    schedule: Schedule
    ledger: Ledger
    containers: list[Any]

    def call(self, method: str, path: str, body: object, headers: dict[str, str], token: str | None) -> Reply:
        """Let any container answer."""
        self.world.services = self.schedule.random.choice(self.containers)
        return self.world.call(method, path, body, headers=headers, token=token)


@dataclass
class Honest:
    """A phone that refreshes now and then, and asks again until it is answered."""

    site: Site
    phone: Phone
    clock_off: timedelta
    nonce: str | None = None
    out: bool = True  # it has dropped its tokens: what still comes in of them doesn't matter

    @property
    def session_id(self) -> str:
        """Its session."""
        return self.phone.session_id

    def sign_in(self) -> None:
        """Sign in with one ID token, however often it must be sent."""
        body = self.phone.sign_in_body()

        def compose() -> Callable[[], Reply]:
            send = self._composed("POST", "/auth/google", body)
            return lambda: self.site.ledger.signed_in(send())

        self._exchange(compose, self._signed_in)

    def refresh(self) -> None:
        """Refresh, sometimes twice at once, with what is the newest token now."""
        for _ in range(1 + self.site.schedule.chance(PARALLEL)):
            self._refresh_once(self.phone.refresh_token, self.session_id)

    def refresh_alone(self, session_id: str) -> None:
        """Refresh this session, if it is still the phone's, where the network is good and no proof needed."""
        if self.phone.key is None and not self.out and self.session_id == session_id:
            body = {"refresh_token": self.phone.refresh_token}
            self.site.ledger.refreshed(session_id, self.site.call("POST", "/auth/refresh", body, {}, None))

    def _refresh_once(self, token: str, session_id: str) -> None:
        def compose() -> Callable[[], Reply]:
            send = self._composed("POST", "/auth/refresh", {"refresh_token": token})
            return lambda: self.site.ledger.refreshed(session_id, send())

        def done(reply: Reply) -> None:
            if not self.out and self.session_id == session_id:
                self._refreshed(reply)

        self._exchange(compose, done)

    def _signed_in(self, reply: Reply) -> None:
        if reply.status == 200:
            self.phone.answer, self.out = reply.body, False
            self._wait()
        else:
            self.site.ledger.signed_out.append(f"{self.phone.email}: {reply.status} {reply.code}")

    def _refreshed(self, reply: Reply) -> None:
        if reply.status != 200:
            self._dropped(reply)
        elif reply.body["refresh_token"] != self.phone.refresh_token:  # the other one of two was first
            self.phone.answer = self.phone.answer | reply.body
            self._exchange(
                lambda: self._composed("GET", "/sessions", None, self.phone.access_token), self._looked
            )

    def _looked(self, reply: Reply) -> None:
        if reply.status != 200:
            self._dropped(reply)
        elif self.site.schedule.chance(LOGOUT):
            self.out, token = True, self.phone.access_token
            self._exchange(
                lambda: self._composed("POST", "/auth/logout", None, token), lambda _: self.sign_in()
            )
        else:
            self._wait()

    def _dropped(self, reply: Reply) -> None:
        if not self.out:
            self.out = True
            self.site.ledger.refused(self.session_id, reply)
            self.sign_in()

    def _wait(self) -> None:
        self.site.schedule.between(*PAUSE_SECONDS, self.refresh)

    def _exchange(self, compose: Callable[[], Callable[[], Reply]], done: Callable[[Reply], None]) -> None:
        Exchange(self.site.schedule, compose, done, self._keep_nonce).attempt()

    def _keep_nonce(self, nonce: str) -> None:
        self.nonce = nonce

    def _composed(
        self, method: str, path: str, body: object, token: str | None = None
    ) -> Callable[[], Reply]:
        """Word a request by the phone's own clock; delivered twice, it has the same proof twice."""
        if self.phone.key is None:
            return lambda: self.site.call(method, path, body, {}, token)
        now = self.site.world.clock.now() + self.clock_off
        changes = {} if self.nonce is None else {"nonce": self.nonce}
        headers = self.phone.key.headers(method, path, now, token, **changes)
        return lambda: self.site.call(method, path, body, headers, None)


@dataclass
class Thief:
    """Somebody with a copy of a phone's refresh token, who uses it and what it yields."""

    site: Site
    victim: Honest
    session_id: str
    tokens: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, site: Site, victim: Honest) -> "Thief":
        """Copy the newest token of a phone."""
        return cls(site, victim, victim.session_id, [victim.phone.refresh_token])

    def use(self) -> None:
        """Present the newest token, and again later as long as it yields another."""
        if self.present(self.tokens[-1]).status == 200:
            self.site.schedule.between(1, 600, self.use)

    def present(self, token: str) -> Reply:
        """Refresh without the phone's key, over a network that loses nothing."""
        if self.victim.phone.key is None:
            self.site.ledger.robbed.add(self.session_id)
        reply = self.site.call("POST", "/auth/refresh", {"refresh_token": token}, {}, None)
        if reply.status == 200:
            self.tokens.append(reply.body["refresh_token"])
        return self.site.ledger.refreshed(self.session_id, reply)


def key_for(number: int) -> PhoneKey | None:
    """Let every second phone have a key in its hardware."""
    return PhoneKey() if number % 2 else None
