"""Two hundred phones, bad networks, thieves, and a database that goes away: what one seed makes of them."""

import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from local.postgres import EmbeddedPostgres
from tests.simulation.ledger import Ledger
from tests.simulation.phones import Honest, Site, Thief, key_for
from tests.simulation.schedule import Schedule
from tests.world import World

PHONES = 200
CONTAINERS = 3
ARRIVAL_SECONDS = 300.0  # in which everybody signs in for the first time
CLOCK_OFF_SECONDS_MAX = 900.0
THEFT_SECONDS = (10.0, 40.0)  # between two thefts
USE_SECONDS = (0.0, 600.0)  # from a theft to the first use of what was stolen
OUTAGE_SECONDS = (300.0, 900.0)  # between two outages
OUTAGE_LASTS_SECONDS = 3.0
COLD_SECONDS = (300.0, 900.0)  # between two containers that end
PAST_GRACE = timedelta(minutes=6)
HOUR = timedelta(hours=1)


@dataclass
class Simulation:
    """One service and its phones; `run` goes on where the last one ended."""

    site: Site
    postgres: EmbeddedPostgres
    phones: list[Honest]
    thieves: list[Thief]
    outages: int = 0
    away: bool = False

    @classmethod
    def of(cls, world: World, postgres: EmbeddedPostgres, seed: int, phones: int = PHONES) -> "Simulation":
        """Set everything in motion."""
        random.seed(seed)  # of Retry-After
        world.clock.advance(HOUR - (world.clock.now() - datetime.min.replace(tzinfo=UTC)) % HOUR)
        schedule = Schedule(world.clock, seed)  # from a full hour on: nonces go by the minute
        site = Site(world, schedule, Ledger(), [world.container() for _ in range(CONTAINERS)])
        one = cls(site, postgres, [_phone(site, number) for number in range(phones)], [])
        for phone in one.phones:
            schedule.between(0, ARRIVAL_SECONDS, phone.sign_in)
        schedule.between(*OUTAGE_SECONDS, one.go_away)
        schedule.between(*COLD_SECONDS, one.replace_container)
        schedule.after(ARRIVAL_SECONDS, one.steal)
        return one

    def run(self, duration: timedelta) -> Ledger:
        """Let them use the service for a while."""
        self.site.schedule.run(duration)
        return self.site.ledger

    def go_away(self) -> None:
        """Stop the database under everybody, and start it a moment later."""
        self.outages, self.away = self.outages + 1, True
        self.postgres.stop()
        self.site.schedule.after(OUTAGE_LASTS_SECONDS, self.come_back)
        self.site.schedule.between(*OUTAGE_SECONDS, self.go_away)

    def come_back(self) -> None:
        """Start the database, if it is away."""
        if self.away:
            self.postgres.start()
            self.away = False

    def replace_container(self) -> None:
        """Let one container end, and a cold one take its place."""
        self.site.containers[self.site.schedule.random.randrange(CONTAINERS)] = self.site.world.container()
        self.site.schedule.between(*COLD_SECONDS, self.replace_container)

    def steal(self) -> None:
        """Copy the token of some phone that has one."""
        victim = self.site.schedule.random.choice(self.phones)
        if not victim.out:
            thief = Thief.of(self.site, victim)
            self.thieves.append(thief)
            self.site.schedule.between(*USE_SECONDS, thief.use)
        self.site.schedule.between(*THEFT_SECONDS, self.steal)

    def confront(self) -> Ledger:
        """Let every victim refresh, and every thief try each token once more: none may open anything."""
        self.come_back()
        for thief in self.thieves:
            thief.victim.refresh_alone(thief.session_id)
        self.site.world.clock.advance(PAST_GRACE)
        for thief in self.thieves:
            for token in list(thief.tokens):
                if thief.present(token).status == 200:
                    self.site.ledger.survivors.append(thief.session_id)
        return self.site.ledger


def _phone(site: Site, number: int) -> Honest:
    phone = site.world.person(f"phone-{number}@example.com", device=f"device-{number}", key=key_for(number))
    off = site.schedule.random.uniform(-CLOCK_OFF_SECONDS_MAX, CLOCK_OFF_SECONDS_MAX)
    return Honest(site, phone, timedelta(seconds=off))
