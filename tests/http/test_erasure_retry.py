"""A phone that lost the answer to its erasure asks again, and gets the same receipt (F-18)."""

from datetime import timedelta
from typing import Any

import jwt
import pytest

from tests.aws_tap import tapped
from tests.http.test_erasure import erase, state
from tests.world import Phone, World


@pytest.fixture
def ana(world: World) -> Phone:
    phone = world.person()
    phone.sign_in()
    return phone


def said(receipt: str) -> dict[str, Any]:
    """Return what a receipt says, but for when it was signed."""
    claims: dict[str, Any] = jwt.decode(receipt, options={"verify_signature": False})
    return {name: value for name, value in claims.items() if name != "iat"}


def test_a_lost_answer_is_asked_for_again_with_the_same_token(world: World, ana: Phone) -> None:
    first = erase(ana).body
    stored = world.stored()
    world.services = world.container()  # elsewhere, and later
    world.clock.advance(timedelta(minutes=4))
    again = erase(ana)
    assert again.status == 200
    assert (again.body["erasure"], again.body["secret"]) == (first["erasure"], first["secret"])
    assert said(again.body["receipt"]) == said(first["receipt"])
    assert state(world, again.body["erasure"]["id"], again.body["secret"]).status == 200
    assert world.stored() == stored  # nothing more was done


def test_an_interrupted_erasure_is_completed_by_asking_again(world: World, ana: Phone) -> None:
    with tapped(world) as aws:
        aws.down = {"dynamodb"}
        assert erase(ana).body["erasure"]["state"] == "pending"
        aws.down = set()
        assert erase(ana).body["erasure"]["state"] == "completed"
    assert ana.user_id not in world.vault_keys()


def test_who_asks_again_too_late_is_told_that_the_session_ended(world: World, ana: Phone) -> None:
    erase(ana)
    world.execute("UPDATE erasures SET requested_at = requested_at - interval '16 minutes'")
    assert erase(ana).code == "session_revoked"
