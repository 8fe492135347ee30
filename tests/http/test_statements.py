"""What the main acts cost the database: so many statements, each act one transaction (O6)."""

import io
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from psycopg2.extensions import cursor as Cursor  # noqa: N812 - psycopg2's own lower case

from chalicelib.postgres import messages
from tests.aws_tap import renew_container
from tests.proofs import PhoneKey
from tests.world import Phone, Reply, World

Values = Mapping[str, Any] | None


@dataclass
class Counted:
    """What was sent to PostgreSQL: each message, and whether it was a transaction of its own."""

    statements: list[str] = field(default_factory=list)
    alone: list[bool] = field(default_factory=list)


@contextmanager
def counted(_world: World) -> Iterator[Counted]:
    """Count what the service sends while the context lasts."""
    count, send = Counted(), messages.send

    def noted(cursor: Cursor, statement: str | bytes, values: Values = None) -> list[tuple[Any, ...]]:
        count.statements.append(statement.decode() if isinstance(statement, bytes) else statement)
        count.alone.append(bool(cursor.connection.autocommit))  # no BEGIN is sent then
        return send(cursor, statement, values)

    messages.send = noted
    try:
        yield count
    finally:
        messages.send = send


def counts_requests(statement: str) -> bool:
    """Tell whether a statement takes a place in a bucket, by itself or by a function."""
    return "rate_limits" in statement or ".count_request(" in statement


@pytest.fixture
def ana(world: World) -> Phone:
    phone = world.person()
    phone.sign_in()
    return phone


def transactions(world: World, session_id: str) -> dict[str, set[Any]]:
    """Return which transactions wrote the newest state of a session and its newest audit record."""
    written = world.rows("SELECT xmin::text FROM sessions WHERE id = %s", session_id)
    recorded = "SELECT xmin::text FROM audit_events WHERE session_id = %s ORDER BY id DESC LIMIT 1"
    return {"session": set(written), "audit": set(world.rows(recorded, session_id))}


def test_a_refresh_is_one_statement_with_its_audit_record_inside(world: World, ana: Phone) -> None:
    with counted(world) as count:
        assert ana.refresh().status == 200
    assert (len(count.statements), count.alone) == (1, [True])
    wrote = transactions(world, ana.session_id)
    assert (wrote["session"] == wrote["audit"], len(wrote["session"])) == (True, 1)


def test_a_cold_container_reads_its_own_keys_once(world: World, ana: Phone) -> None:
    world.services = world.container()
    with counted(world) as count:
        ana.refresh()
    assert len(count.statements) == 3  # how far the database is, the keys, the rotation
    with counted(world) as count:
        ana.refresh()
    assert len(count.statements) == 1


@pytest.mark.parametrize("path", ["/sessions", "/account"])
def test_a_bearer_check_is_the_one_statement_that_reads_what_is_asked(
    world: World, ana: Phone, path: str
) -> None:
    with counted(world) as count:
        assert ana.get(path).status == 200
    assert (len(count.statements), count.alone) == (1, [True])


def test_ending_sessions_is_one_statement(world: World, ana: Phone) -> None:
    for path in ("/sessions", f"/sessions/{ana.session_id}"):
        with counted(world) as count:
            assert ana.delete(path).status == 204
        assert (len(count.statements), count.alone) == (1, [True])


def test_logging_out_is_one_statement(world: World, ana: Phone) -> None:
    for body in ({}, {"all_devices": True}):
        with counted(world) as count:
            assert ana.logout(**body).status == 204
        assert (len(count.statements), count.alone) == (1, [True])


def test_a_known_persons_sign_in_is_one_statement_with_its_limits_inside(world: World, ana: Phone) -> None:
    buckets = world.rows("SELECT * FROM rate_limits")
    with counted(world) as count:
        assert ana.sign_in().status == 200
    assert (len(count.statements), count.alone) == (1, [True])
    assert len(set(world.rows("SELECT * FROM rate_limits")) - set(buckets)) == 2  # of address and person
    wrote = transactions(world, ana.session_id)
    assert (wrote["session"] == wrote["audit"], len(wrote["session"])) == (True, 1)


def test_a_known_persons_sign_in_with_news_is_one_statement_more(world: World, ana: Phone) -> None:
    with counted(world) as count:
        assert ana.sign_in(ana.id_token(name="Ana Maria Diaz")).status == 200
    assert (len(count.statements), count.alone) == (2, [True] * 2)


def test_a_new_device_of_a_known_person_is_one_statement_more(world: World, ana: Phone) -> None:
    with counted(world) as count:
        assert ana.sign_in(device={"id": "device-2", "platform": "ios"}).status == 200
    assert (len(count.statements), count.alone) == (2, [True] * 2)


def test_a_new_persons_sign_in_is_one_statement_more_which_writes_all(world: World) -> None:
    ana = world.person()
    renew_container(world)
    with counted(world) as count:
        assert ana.sign_in().status == 200
    assert (len(count.statements), count.alone) == (2, [True] * 2)
    tables = ("users", "identities", "devices", "sessions", "used_id_tokens", "consent_events")
    union = " UNION ALL ".join(f"SELECT xmin::text FROM {table}" for table in tables)  # noqa: S608 - our own names
    own = " UNION ALL SELECT xmin::text FROM audit_events WHERE user_id = %s"
    assert len(set(world.rows(union + own, ana.user_id))) == 1  # one transaction: whole or not at all


def test_a_refused_sign_up_is_the_one_statement_that_found_nobody(world: World) -> None:
    renew_container(world)
    with counted(world) as count:
        assert world.person().sign_in(consents=[]).code == "consent_required"
    assert len(count.statements) == 1


def test_what_is_forged_costs_no_statement(world: World, ana: Phone) -> None:
    refresh, access = ana.refresh_token, ana.access_token
    with counted(world) as count:
        assert (
            ana.refresh(refresh[:-1] + ("A" if refresh[-1] != "A" else "Q")).code == "refresh_token_invalid"
        )
        assert world.call("GET", "/sessions", token=access[:-4] + "AAAA").code == "invalid_token"
    assert count.statements == []  # O7


def test_a_forged_sign_in_and_a_challenge_are_the_one_statement_of_their_limit(
    world: World, ana: Phone
) -> None:
    forged, nonce = ana.access_token, "A" * 50
    with counted(world) as count:
        assert world.call("POST", "/auth/challenge").status == 200
        assert ana.sign_in(forged).code == "invalid_id_token"
        assert ana.sign_in(nonce=nonce, id_token=ana.id_token(nonce=nonce)).code == "invalid_nonce"
    assert len(count.statements) == 3
    assert all(counts_requests(each) for each in count.statements)


def test_a_refused_refresh_is_one_statement_whatever_is_wrong(world: World, ana: Phone) -> None:
    first = ana.refresh_token
    ana.refresh()
    with counted(world) as count:
        assert ana.refresh(first).status == 200  # a lost answer's retry
    assert (len(count.statements), count.alone) == (1, [True])
    ana.refresh()
    for code in ("refresh_token_reused", "session_revoked"):
        with counted(world) as count:
            assert ana.refresh(first).code == code
        acting, *recording = count.statements
        assert ".rotate_session(" in acting
        assert all(".record_refusals(" in each for each in recording)  # a refusal's record, some of the time
        assert all(count.alone)


def test_the_requests_line_tells_what_it_cost(world: World, ana: Phone, lines: io.StringIO) -> None:
    ana.refresh()
    world.services = world.container()
    world.person(email="bo@example.com").sign_in()
    refresh, sign_up = (json.loads(line) for line in lines.getvalue().splitlines())
    assert (refresh["statements"], "kms_calls" in refresh, "key_vault_calls" in refresh) == (1, False, False)
    assert (sign_up["statements"], sign_up["kms_calls"], sign_up["key_vault_calls"]) == (
        4,
        5,
        1,
    )  # with the position and the keys; KMS for four of the service's own keys and hers


def test_a_proof_is_used_up_inside_and_a_token_without_its_key_costs_no_statement(world: World) -> None:
    ana = world.person(key=PhoneKey())
    ana.sign_in()
    bearer = world.person("ben@example.com", "Ben Okafor", "device-2")
    bearer.sign_in()

    def acts(phone: Phone) -> list[Callable[[], Reply]]:
        return [phone.sign_in, phone.refresh, lambda: phone.get("/sessions"), phone.logout]

    for act, unbound in zip(acts(ana), acts(bearer), strict=True):
        used = world.rows("SELECT count(*) FROM dpop_proofs")[0][0]
        with counted(world) as count:
            assert act().status in {200, 204}
        with counted(world) as known:
            assert unbound().status in {200, 204}
        assert (len(count.statements), all(count.alone)) == (len(known.statements), True)
        assert world.rows("SELECT count(*) FROM dpop_proofs") == [(used + 1,)]
    ana.sign_in()
    thief = replace(ana, key=None)
    with counted(world) as count:
        assert thief.refresh().code == "invalid_dpop_proof"
        assert thief.get("/sessions").code == "invalid_token"
    assert count.statements == []
