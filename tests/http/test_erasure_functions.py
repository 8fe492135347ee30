"""The functions of erasure that operators and a schedule invoke."""

from types import SimpleNamespace

import pytest

import app
from chalicelib import wiring
from chalicelib.domain.errors import NotFound
from local.invoke import SCHEDULED
from tests.http.test_erasure import state
from tests.world import Phone, World

CONTEXT = SimpleNamespace(aws_request_id="invocation-1")


@pytest.fixture(autouse=True)
def invoked(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wiring, "services", lambda: world.services)


@pytest.fixture
def ana(world: World) -> Phone:
    phone = world.person()
    phone.sign_in()
    return phone


def asked(ana: Phone, **changes: str) -> dict[str, str]:
    return {"user_id": ana.user_id, "actor": "ops-maria", "reason": "ticket 4711", **changes}


def test_account_erase_erases_and_answers_a_receipt_to_pass_on(world: World, ana: Phone) -> None:
    answer = app.account_erase(asked(ana), CONTEXT)
    assert answer["state"] == "completed"
    assert state(world, answer["erasure_id"], answer["secret"]).status == 200
    assert ana.refresh().code == "session_revoked"
    told = world.rows("SELECT request_id, details->>'reason' FROM audit_events WHERE kind = 'account.erased'")
    assert told == [("invocation-1", "ticket 4711")]
    again = app.account_erase(asked(ana), CONTEXT)  # the answer to the invocation was lost
    assert (again["erasure_id"], again["secret"]) == (answer["erasure_id"], answer["secret"])
    assert told == world.rows(
        "SELECT request_id, details->>'reason' FROM audit_events WHERE kind = 'account.erased'"
    )
    world.execute("UPDATE erasures SET requested_at = requested_at - interval '16 minutes'")
    with pytest.raises(NotFound):
        app.account_erase(asked(ana), CONTEXT)


@pytest.mark.parametrize("field", ["actor", "reason"])
@pytest.mark.parametrize("text", ["", "ana@example.com", "x" * 200, "a\nb"])
def test_what_goes_on_record_is_plain_and_says_something(
    world: World, ana: Phone, field: str, text: str
) -> None:
    with pytest.raises(ValueError, match=f"{field} has 2 to 128 characters"):
        app.account_erase(asked(ana, **{field: text}), CONTEXT)
    assert ana.get("/account").status == 200


def test_the_schedule_sweeps_and_restore_makes_ready(world: World, ana: Phone) -> None:
    assert app.erasure_sweep(SCHEDULED, CONTEXT) == {"completed": 0}
    world.execute("UPDATE database_position SET epoch = 0")
    assert world.call("GET", "/health/ready").status == 503
    done = app.restore({}, CONTEXT)
    assert (done["erasures"], done["sessions"], done["epoch"]) == (0, 1, 2)
    assert world.call("GET", "/health/ready").status == 200
    recorded = world.rows("SELECT request_id FROM audit_events WHERE kind = 'service.restored'")
    assert recorded == [("invocation-1",)]
