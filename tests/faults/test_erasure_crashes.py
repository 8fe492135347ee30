"""The process is killed at each step of erasure and of sign-up: nothing, or all of it, once (F-20)."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from local.stack import environment
from tests.conftest import Parts
from tests.crash import KILLED, STEPS, crashed
from tests.http.test_erasure import erase, state
from tests.races import audited
from tests.world import Phone, World

NOTHING_YET = {
    *("erasure before its transaction",),
    *("sign-up after KMS", "sign-up after the vault", "sign-up before COMMIT"),
}
OF_APPLE = {"erasure before the errand", "erasure after the errand", "erasure after its revocations"}
Kill = Callable[..., int]


@pytest.fixture
def kill(world: World, parts: Parts) -> Kill:
    told = environment(
        database_url=world.settings.database_url,
        endpoint_url=parts.aws.endpoint_url,
        resources=replace(parts.resources, vault_table=world.settings.vault_table),
        providers=parts.providers,
        issuer_url=world.settings.issuer_url,
    )

    def killed(step: str, method: str, path: str, body: object, token: str = "") -> int:
        headers = {"host": "test", "content-type": "application/json"}
        if token:
            headers["authorization"] = f"Bearer {token}"
        return crashed(step, told, world._event(method, path, body, headers))

    return killed


def steps(act: str) -> list[str]:
    return [name for name in STEPS if name.startswith(act) and name not in OF_APPLE]


@pytest.mark.parametrize("step", steps("erasure"))
def test_an_erasure_that_is_killed_did_not_begin_or_is_completed_by_the_sweep(
    world: World, kill: Kill, step: str
) -> None:
    ana = world.person()
    ana.sign_in()
    assert kill(step, "DELETE", "/account", {"confirm": True}, ana.access_token) == KILLED  # F-20
    if step in NOTHING_YET:
        assert ana.get("/account").status == 200
        assert (audited(world, "account.erased"), audited(world, "session.ended")) == (0, 0)
        assert erase(ana).status == 200
    world.services = world.container()
    assert ana.get("/account").code == "session_revoked"
    asked_again = erase(ana)  # as a phone does that got no answer
    assert asked_again.status == 200
    world.services.recovery.sweep()
    told = state(world, asked_again.body["erasure"]["id"], asked_again.body["secret"])
    assert told.body["erasure"]["state"] == "completed"
    assert_erased_once(world, ana)
    stored = world.stored()
    assert world.services.recovery.sweep().completed == 0
    assert world.stored() == stored


def assert_erased_once(world: World, ana: Phone) -> None:
    assert world.rows("SELECT user_id::text, completed_at IS NOT NULL FROM erasures") == [(ana.user_id, True)]
    assert world.rows("SELECT status FROM users") == [("erased",)]
    assert ana.user_id not in world.vault_keys()
    assert (audited(world, "account.erased"), audited(world, "session.ended")) == (1, 1)
    world.execute("UPDATE database_position SET epoch = 0")
    assert not world.services.erasures._watch.is_current()  # the ledger has it
    world.execute("UPDATE database_position SET epoch = 1000")


@pytest.mark.parametrize("step", steps("sign-up"))
def test_a_sign_up_that_is_killed_is_whole_after_the_phones_retry(
    world: World, kill: Kill, step: str
) -> None:
    ana = world.person()
    body = ana.sign_in_body()
    assert kill(step, "POST", "/auth/google", body) == KILLED  # F-20
    begun = 0 if step in NOTHING_YET else 1
    assert world.rows("SELECT count(*) FROM users") == [(begun,)]
    assert audited(world, "account.created") == begun
    reply = ana._keep(world.call("POST", "/auth/google", body))
    assert (reply.status, reply.body["is_new_user"]) == (200, True)
    tables = ("users", "identities", "devices", "sessions", "used_id_tokens")
    assert [world.stored()[table] for table in tables] == [1] * len(tables)
    assert (audited(world, "account.created"), audited(world, "session.started")) == (1, 1)
    assert ana.user_id in world.vault_keys()
    assert ana.get("/account").status == 200
