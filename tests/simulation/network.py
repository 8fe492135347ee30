"""A mobile network: it loses requests and answers, delivers some twice, and keeps no order."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from tests.simulation.schedule import Schedule
from tests.world import Reply

LOST = 0.15  # of requests, and of answers
DUPLICATED = 0.15
DELAY_SECONDS_MAX = 1.0
TIMEOUT_SECONDS = 3.0
LOSSES_MAX = 4  # of one exchange: with the delays, an outage and a nonce it ends within the 30 s of the grace
ASK_AGAIN = frozenset({"use_dpop_nonce", "invalid_dpop_proof"})  # what docs/errors.md tells apps to send anew


class Composer(Protocol):
    """Words a request now, and returns how it is received, as often as it arrives."""

    def __call__(self) -> Callable[[], Reply]:
        """Return the delivery."""


@dataclass
class Exchange:
    """One act of a phone: sent again until it is answered."""

    schedule: Schedule
    compose: Composer
    done: Callable[[Reply], None]
    heard_nonce: Callable[[str], None]
    over: bool = False
    losses: int = 0
    attempts: int = field(default=0)

    def attempt(self) -> None:
        """Send it, and once more when no answer comes in time."""
        self.attempts += 1
        number = self.attempts
        deliver = self.compose()
        for _ in range(1 + self.schedule.chance(DUPLICATED)):
            if not self._loses():
                self.schedule.between(0, DELAY_SECONDS_MAX, lambda: self._arrive(deliver))
        self.schedule.after(TIMEOUT_SECONDS, lambda: self._time_out(number))

    def _time_out(self, number: int) -> None:
        if not self.over and number == self.attempts:
            self.attempt()

    def _arrive(self, deliver: Callable[[], Reply]) -> None:
        reply = deliver()
        if not self._loses():
            self.schedule.between(0, DELAY_SECONDS_MAX, lambda: self._hear(reply))

    def _hear(self, reply: Reply) -> None:
        if self.over or reply.status == 503:
            return  # unavailable: the time-out asks again
        if "DPoP-Nonce" in reply.headers:
            self.heard_nonce(reply.headers["DPoP-Nonce"])
        if reply.code in ASK_AGAIN:
            self.attempt()
            return
        self.over = True
        self.done(reply)

    def _loses(self) -> bool:
        lost = self.losses < LOSSES_MAX and self.schedule.chance(LOST)
        self.losses += lost
        return lost
