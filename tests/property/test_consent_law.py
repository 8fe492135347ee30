"""The law of the gate: whatever happens, a token opens what the history says, by a rule of its own.

`opened` is written from the words of the specification alone: every required document agreed to, at its
current version or at an earlier one while the grace of each later one runs; an optional one opens its scope.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chalicelib.clients.documents import load_documents
from tests.consenting import AI, NARROW, PRIVACY, TERMS, answer, kept, publish, scope, withdraw
from tests.world import Phone, World

HOUR = timedelta(hours=1)
REST = timedelta(days=10)  # after it no version is still to come and no grace runs
KINDS = st.sampled_from([TERMS, AI, PRIVACY])


@dataclass(frozen=True, slots=True)
class Text:
    """What the rule needs of a document."""

    kind: str
    version: str
    required: bool
    effective_at: datetime
    grace: timedelta


@dataclass(frozen=True, slots=True)
class Publish:
    """A release with a new version, in force at once or after hours."""

    kind: str
    grace: int
    delay: int


@dataclass(frozen=True, slots=True)
class Pass:
    """Hours go by."""

    hours: int


@dataclass(frozen=True, slots=True)
class Answer:
    """A yes or no to what is in force."""

    kind: str
    granted: bool


@dataclass(frozen=True, slots=True)
class Withdraw:
    """A consent is taken back."""

    kind: str


@dataclass(frozen=True, slots=True)
class SignIn:
    """The person signs in again."""


Step = Publish | Pass | Answer | Withdraw | SignIn
HOURS = st.sampled_from([0, 1, 5, 48])
STEPS = st.lists(
    st.one_of(
        st.builds(Publish, KINDS, grace=HOURS, delay=st.sampled_from([0, 0, 3])),
        st.builds(Pass, st.sampled_from([1, 4, 47])),
        st.builds(Answer, KINDS, granted=st.sampled_from([True, True, False])),
        st.builds(Withdraw, KINDS),
        st.builds(SignIn),
    ),
    min_size=4,
    max_size=12,
)


def opened(history: Iterable[Mapping[str, Any]], texts: Iterable[Text], now: datetime) -> set[str]:
    """Return what the specification says a token opens."""
    lines, in_force = list(history), [text for text in texts if text.effective_at <= now]
    current = {text.kind: text for text in sorted(in_force, key=lambda text: text.effective_at)}
    agreed = {kind for kind in current if _agreed(kind, lines, in_force, now)}
    if not {kind for kind, text in current.items() if text.required} <= agreed:
        return {"account", "consents", "logout", "sessions"}
    return {"account", "consents", "logout", "sessions", "app"} | ({"ai"} if AI in agreed else set())


def _agreed(kind: str, lines: list[Mapping[str, Any]], in_force: list[Text], now: datetime) -> bool:
    answers = [line for line in lines if line["document"] == kind and line["action"] != "superseded"]
    if not answers or answers[-1]["action"] != "granted":
        return False
    versions = [text for text in in_force if text.kind == kind]
    own = next(text for text in versions if text.version == answers[-1]["version"])
    later = [text for text in versions if text.effective_at > own.effective_at]
    return all(now < text.effective_at + text.grace for text in later)


class Life:
    """One person, whose token is held against the rule after every step."""

    def __init__(self, world: World, texts: list[Text], number: int, *, with_ai: bool) -> None:
        self.world = world
        self.texts = texts
        world.clock.advance(REST)
        self.phone: Phone = world.person(f"person-{number}@example.com")
        required = [
            self._answer(text.kind, granted=True) for text in self._current().values() if text.required
        ]
        assert self.phone.sign_in(consents=required).status == 200

    def take(self, step: Step) -> None:
        """Do it, a second after what was before."""
        self.world.clock.advance(timedelta(seconds=1))
        match step:
            case Publish():
                self._publish(step)
            case Pass(hours):
                self.world.clock.advance(hours * HOUR)
            case Answer(kind, granted):
                self._renew()
                assert answer(self.phone, self._answer(kind, granted=granted)).status == 200
                self.hold()
            case Withdraw(kind):
                self._renew()
                assert withdraw(self.phone, kind).status == 200
                self.hold()
            case SignIn():
                assert self.phone.sign_in(consents=[]).status == 200
                self.hold()

    def hold(self) -> None:
        """Hold the newest token, and what came with it, against the rule and the history."""
        history = self.phone.get("/consents").body["history"]
        expected = opened(history, self.texts, self.world.clock.now())
        assert scope(self.phone) == expected
        assert bool(self.phone.answer["consents_missing"]) == (expected == NARROW)

    def refresh(self) -> None:
        """Refresh, as apps do all the time."""
        self._renew()
        self.hold()

    def _renew(self) -> None:
        assert kept(self.phone, self.phone.refresh()).status == 200

    def _publish(self, step: Publish) -> None:
        version, delay, grace = f"{len(self.texts) + 2}.0", step.delay * HOUR, step.grace * HOUR
        publish(self.world, step.kind, version, after=delay, grace=grace)
        required = self._current()[step.kind].required
        effective_at = self.world.clock.now() + delay
        self.texts.append(Text(step.kind, version, required, effective_at, grace))

    def _answer(self, kind: str, *, granted: bool) -> dict[str, object]:
        return {"document": kind, "version": self._current()[kind].version, "granted": granted}

    def _current(self) -> dict[str, Text]:
        now = self.world.clock.now()
        in_force = [text for text in self.texts if text.effective_at <= now]
        return {text.kind: text for text in sorted(in_force, key=lambda text: text.effective_at)}


def test_a_token_opens_what_the_history_says_whatever_happened(world: World) -> None:
    texts = [
        Text(text.kind, text.version, text.required, text.effective_at, text.grace)
        for text in load_documents()
        if text.locale == "en"
    ]
    seen: list[set[str]] = []

    @settings(
        max_examples=40,
        deadline=None,
        derandomize=True,
        suppress_health_check=[HealthCheck.too_slow],
        database=None,
    )
    @given(STEPS, st.booleans())
    def law(steps: list[Step], with_ai: bool) -> None:  # noqa: FBT001 - Hypothesis passes it by place
        life = Life(world, texts, len(seen), with_ai=with_ai)
        life.hold()
        for step in steps:
            life.take(step)
            life.refresh()
            seen.append(scope(life.phone))

    law()
    for outcome in (NARROW, NARROW | {"app"}, NARROW | {"app", "ai"}):
        assert outcome in seen  # the sequences did reach each side of the gate
