"""The connection breaks around COMMIT: the outcome is read back, never assumed (F-3, F-4, F-5)."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest

from chalicelib.clients.aws import aws_client
from tests.cutter import Cut, Cutter, Moment, cutter
from tests.races import audited, live_sessions
from tests.world import Phone, World

ROTATION = b".rotate_session("
ACCOUNT = b".create_account("
OPENING = b".open_session("
LOGOUT = b".end_session("
ONCE, TWICE = 1, 2  # a broken statement is sent again once; broken twice, it is 503


@dataclass
class Cuttable:
    """A world whose connections go through the cutter."""

    world: World
    proxy: Cutter

    def cut(self, mark: bytes, moment: Moment, times: int = ONCE) -> None:
        self.proxy.cut = Cut(mark, moment, times)

    def assert_cut(self, times: int) -> None:
        assert self.proxy.cuts == times


@pytest.fixture
def cuttable(world: World) -> Iterator[Cuttable]:
    with cutter(world.settings.database_url) as (proxy, url):
        one = World(replace(world.settings, database_url=url), world.owner_url, world.people)
        yield Cuttable(one, proxy)
        one.close()


@pytest.fixture
def phone(cuttable: Cuttable) -> Phone:
    return cuttable.world.person()


def has_key(phone: Phone) -> bool:
    settings = phone.world.settings
    vault = aws_client("dynamodb", settings.aws_region, settings.aws_endpoint_url)
    key = {"user_id": {"S": phone.user_id}}
    return "Item" in vault.get_item(TableName=settings.vault_table, Key=key)


@pytest.mark.parametrize("moment", Moment)
def test_a_refresh_cut_once_is_answered_with_the_one_successor(
    cuttable: Cuttable, phone: Phone, moment: Moment
) -> None:
    phone.sign_in()
    cuttable.cut(ROTATION, moment)  # F-3, F-5
    assert phone.refresh().status == 200
    cuttable.assert_cut(ONCE)
    assert cuttable.world.rows("SELECT generation FROM sessions") == [(1,)]
    assert audited(cuttable.world, "session.refreshed") == 1
    assert phone.refresh().status == 200


@pytest.mark.parametrize("moment", Moment)
def test_a_refresh_cut_twice_is_503_and_its_token_still_works(
    cuttable: Cuttable, phone: Phone, moment: Moment
) -> None:
    phone.sign_in()
    cuttable.cut(ROTATION, moment, TWICE)  # F-5
    refused = phone.refresh()
    assert (refused.status, refused.code) == (503, "service_unavailable")
    cuttable.assert_cut(TWICE)
    assert phone.refresh().status == 200  # the same token
    assert cuttable.world.rows("SELECT generation FROM sessions") == [(1,)]
    assert audited(cuttable.world, "session.refreshed") == 1


@pytest.mark.parametrize("moment", Moment)
def test_a_first_sign_in_cut_once_makes_one_account(cuttable: Cuttable, phone: Phone, moment: Moment) -> None:
    cuttable.cut(ACCOUNT, moment)  # F-5
    reply = phone.sign_in()
    assert (reply.status, reply.body["is_new_user"]) == (200, True)
    cuttable.assert_cut(ONCE)
    assert cuttable.world.rows("SELECT count(*) FROM users") == [(1,)]
    assert audited(cuttable.world, "account.created") == 1
    assert has_key(phone)
    assert phone.get("/account").body["email"] == phone.email
    assert phone.refresh().status == 200


@pytest.mark.parametrize("moment", Moment)
def test_a_first_sign_in_cut_twice_is_503_and_never_loses_the_accounts_key(
    cuttable: Cuttable, phone: Phone, moment: Moment
) -> None:
    token = phone.id_token()
    cuttable.cut(ACCOUNT, moment, TWICE)  # F-5
    assert phone.sign_in(token).status == 503
    cuttable.assert_cut(TWICE)
    assert phone.sign_in(token).status == 200  # the same ID token
    assert cuttable.world.rows("SELECT count(*) FROM users") == [(1,)]
    assert live_sessions(cuttable.world) == 1
    assert has_key(phone)
    cold = cuttable.world.container()  # no key in its cache
    cuttable.world.services = cold
    assert phone.get("/account").body["email"] == phone.email


@pytest.mark.parametrize("moment", Moment)
@pytest.mark.parametrize("times", [ONCE, TWICE])
def test_a_known_persons_sign_in_that_is_cut_opens_one_session(
    cuttable: Cuttable, phone: Phone, moment: Moment, times: int
) -> None:
    phone.sign_in()
    nonce = cuttable.world.call("POST", "/auth/challenge").body["nonce"]
    token = phone.id_token(nonce=nonce)
    cuttable.cut(OPENING, moment, times)  # F-5
    reply = phone.sign_in(token, nonce=nonce)
    cuttable.assert_cut(times)
    assert reply.status == (200 if times == ONCE else 503)
    assert phone.sign_in(token, nonce=nonce).status == 200
    assert live_sessions(cuttable.world) == 1
    assert audited(cuttable.world, "session.started") == 2  # the first, and this one
    assert phone.refresh().status == 200


@pytest.mark.parametrize("moment", Moment)
def test_a_logout_that_is_cut_ends_the_session_once(cuttable: Cuttable, phone: Phone, moment: Moment) -> None:
    phone.sign_in()
    cuttable.cut(LOGOUT, moment)  # F-5
    assert phone.logout().status == 204
    cuttable.assert_cut(ONCE)
    assert audited(cuttable.world, "session.ended") == 1
    assert phone.refresh().code == "session_revoked"
