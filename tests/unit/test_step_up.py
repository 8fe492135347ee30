"""Which act needs how recent a sign-in, to the second (S4, ASVS 7.5.1)."""

from datetime import UTC, datetime, timedelta

import pytest

from chalicelib.domain.errors import InsufficientUserAuthentication
from chalicelib.domain.step_up import NEEDS, SensitiveAct, ensure_present

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
LEEWAY = timedelta(seconds=5)
every_act = pytest.mark.parametrize("act", SensitiveAct)


@every_act
def test_every_sensitive_act_needs_a_sign_in_of_the_last_five_minutes(act: SensitiveAct) -> None:
    assert NEEDS[act].max_age == timedelta(minutes=5)


@every_act
@pytest.mark.parametrize("age", [timedelta(0), timedelta(minutes=5), timedelta(minutes=5) + LEEWAY, -LEEWAY])
def test_a_recent_sign_in_is_enough(act: SensitiveAct, age: timedelta) -> None:
    ensure_present(act, NOW - age, NOW)  # F-16: clocks may differ by the leeway


@every_act
@pytest.mark.parametrize(
    "age", [timedelta(minutes=5, seconds=6), timedelta(days=7), -LEEWAY - timedelta(seconds=1)]
)
def test_an_older_one_and_one_to_come_are_not(act: SensitiveAct, age: timedelta) -> None:
    with pytest.raises(InsufficientUserAuthentication) as refused:
        ensure_present(act, NOW - age, NOW)
    assert refused.value.max_age == NEEDS[act].max_age
