"""Whatever phones do in whatever order, the service agrees with a small model of who is signed in."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.world import Phone, Reply, World

DEVICES = ("phone", "tablet")
GRACE, IDLE, ABSOLUTE = timedelta(seconds=30), timedelta(days=7), timedelta(days=30)
PAUSES = [timedelta(seconds=1), GRACE, timedelta(seconds=31), timedelta(hours=1), timedelta(days=6)]
VERDICTS = {
    *("0 None", "0 account_suspended", "0 session_revoked", "0 refresh_token_expired"),
    *("1 None", "1 refresh_token_reused", "2 refresh_token_reused"),
}
numbers = count()


@dataclass
class Known:
    """A session as the model knows it; `tokens` holds every refresh token by its generation."""

    phone: Phone
    device: str
    rotated_at: datetime
    idle_until: datetime
    until: datetime
    tokens: list[str] = field(default_factory=list)
    ended: bool = False

    def live(self, now: datetime) -> bool:
        return not self.ended and now < min(self.idle_until, self.until)


class SessionModel(RuleBasedStateMachine):
    """One person with two devices; every rule acts on the service and on the model, and compares."""

    world: World
    seen: set[str]

    def __init__(self) -> None:
        super().__init__()
        self.email = f"person-{next(numbers)}@example.com"
        self.sessions: list[Known] = []
        self.suspended = False

    @property
    def now(self) -> datetime:
        return self.world.clock.now()

    def pick(self, data: st.DataObject) -> Known:
        """Draw a session, a live one if there is any: most of what can go wrong goes wrong there."""
        live = [known for known in self.sessions if known.live(self.now)]
        rare = data.draw(st.integers(0, 5), label="any session") == 0
        return data.draw(st.sampled_from(self.sessions if rare else live or self.sessions), label="session")

    @rule(device=st.sampled_from(DEVICES))
    def sign_in(self, device: str) -> None:
        phone = self.world.person(self.email, device=device)
        reply = phone.sign_in()
        if self.suspended:
            assert reply.code == "account_suspended"
            return
        assert (reply.status, reply.body["is_new_user"]) == (200, not self.sessions)
        for known in self.sessions:
            known.ended = known.ended or known.device == device  # one live session a device
        one = Known(phone, device, self.now, self.now + IDLE, self.now + ABSOLUTE, [phone.refresh_token])
        self.sessions.append(one)

    @precondition(lambda self: self.sessions)
    @rule(data=st.data())
    def refresh(self, data: st.DataObject) -> None:
        self.refresh_with(self.pick(data), 0)

    @precondition(lambda self: self.sessions)
    @rule(data=st.data(), pause=st.sampled_from(PAUSES[:3]))
    def refresh_and_lose_the_answer(self, data: st.DataObject, pause: timedelta) -> None:
        known = self.pick(data)
        self.refresh_with(known, 0)
        self.world.clock.advance(pause)
        self.refresh_with(known, 1)

    @precondition(lambda self: self.sessions)
    @rule(data=st.data(), age=st.integers(1, 3), refreshes=st.integers(1, 3))
    def replay(self, data: st.DataObject, age: int, refreshes: int) -> None:
        known = self.pick(data)
        for _ in range(refreshes):
            self.refresh_with(known, 0)
        self.refresh_with(known, age)

    @precondition(lambda self: self.sessions)
    @rule(data=st.data(), pause=st.sampled_from([IDLE - timedelta(seconds=1), IDLE, ABSOLUTE]))
    def come_back_after_long(self, data: st.DataObject, pause: timedelta) -> None:
        known = self.pick(data)
        self.world.clock.advance(pause)
        self.refresh_with(known, 0)

    def refresh_with(self, known: Known, age: int) -> None:
        """Present the newest token (age 0), its predecessor, or an older one."""
        age = min(age, len(known.tokens) - 1)
        reply = self.present(known, age)
        assert reply.code == self.verdict(known, age)
        self.seen.add(f"{age} {reply.code}")
        if reply.status == 200 and age == 0:
            known.tokens.append(reply.body["refresh_token"])
            known.rotated_at, known.idle_until = self.now, min(self.now + IDLE, known.until)
        elif reply.status == 200:
            assert reply.body["refresh_token"] == known.tokens[-1]  # the same successor again
        elif reply.code == "refresh_token_reused":
            known.ended = True

    def verdict(self, known: Known, age: int) -> str | None:
        if self.suspended:
            return "account_suspended"
        if known.ended:
            return "session_revoked"
        if not known.live(self.now):
            return "refresh_token_expired"
        forgiven = age == 0 or (age == 1 and self.now - known.rotated_at <= GRACE)
        return None if forgiven else "refresh_token_reused"

    def present(self, known: Known, age: int) -> Reply:
        body = {"refresh_token": known.tokens[-1 - age]}
        reply = self.world.call("POST", "/auth/refresh", body)
        if reply.status == 200:
            known.phone.answer = reply.body
        return reply

    @precondition(lambda self: self.sessions)
    @rule(data=st.data(), everywhere=st.booleans(), by_refresh_token=st.booleans())
    def log_out(self, data: st.DataObject, *, everywhere: bool, by_refresh_token: bool) -> None:
        known = self.pick(data)
        body = {"all_devices": everywhere}
        if by_refresh_token:
            reply = self.world.call("POST", "/auth/logout", body | {"refresh_token": known.tokens[0]})
        else:
            reply = known.phone.logout(**body)
        assert reply.status == 204
        for one in self.sessions if everywhere else [known]:
            one.ended = True

    @precondition(lambda self: self.sessions)
    @rule(data=st.data())
    def end_another(self, data: st.DataObject) -> None:
        mine, other = self.pick(data), self.pick(data)
        if self.now >= mine.rotated_at + timedelta(minutes=15):
            return  # its access token is too old to say anything
        reply = mine.phone.delete(f"/sessions/{other.phone.session_id}")
        if mine is other:
            other.ended = True
            assert reply.status == 204
        elif self.suspended:
            assert reply.code == "account_suspended"
        elif not mine.live(self.now):
            assert reply.code == "session_revoked"
        else:
            assert reply.status == 204
            other.ended = True

    @precondition(lambda self: self.sessions)
    @rule(chance=st.integers(0, 3))
    def suspend_or_reinstate(self, chance: int) -> None:
        if not self.suspended and chance:
            return
        change = self.world.reinstate if self.suspended else self.world.suspend
        change(self.sessions[0].phone.user_id)
        self.suspended = not self.suspended
        for known in self.sessions:
            known.ended = True

    @rule(pause=st.sampled_from(PAUSES))
    def wait(self, pause: timedelta) -> None:
        self.world.clock.advance(pause)

    @invariant()
    def the_service_lists_who_is_signed_in(self) -> None:
        live = [known for known in self.sessions if known.live(self.now)]
        fresh = [known for known in live if self.now < known.rotated_at + timedelta(minutes=15)]
        if fresh:
            listed = fresh[0].phone.get("/sessions").body["sessions"]
            assert {one["id"] for one in listed} == {known.phone.session_id for known in live}

    @invariant()
    def no_session_that_ended_opens_anything(self) -> None:
        for known in self.sessions[-3:]:
            if not known.live(self.now):
                assert known.phone.get("/account").status in {401, 403}


@pytest.fixture
def machine(world: World) -> type[SessionModel]:
    return type("SessionModel", (SessionModel,), {"world": world, "seen": set()})


def test_the_service_agrees_with_the_model(machine: type[SessionModel]) -> None:
    bounds = settings(
        max_examples=30,
        stateful_step_count=30,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(machine, settings=bounds)
    assert machine.seen >= VERDICTS  # it went where it should
