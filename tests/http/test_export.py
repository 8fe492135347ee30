"""Everything that is held about a person, for that person alone, on record, and nothing secret (G3, G5)."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from openapi_schema_validator import OAS31Validator

from chalicelib.domain.audit import AuditKind
from chalicelib.domain.export import PART_ITEMS, SHOWN_DETAILS
from chalicelib.domain.processing import PROCESSING
from local.dev_google import subject_for
from tests.aws_tap import AwsTap, tapped
from tests.http.test_statements import counted
from tests.world import REQUIRED, Phone, World
from tools import export_page

EXPORTED = "SELECT details, session_id::text FROM audit_events WHERE kind = 'account.exported' ORDER BY id"
LISTS = ("identities", "devices", "sessions", "consents", "audit_events")


@pytest.fixture
def ana(world: World) -> Phone:
    phone = world.person()
    phone.sign_in()
    return phone


@pytest.fixture
def eve(world: World) -> Phone:
    phone = world.person("eve@example.com", "Eve Adams", "device-e")
    phone.sign_in()
    return phone


def exported(phone: Phone, part: int = 1) -> dict[str, Any]:
    reply = phone.get(f"/account/export?part={part}")
    assert reply.status == 200
    body: dict[str, Any] = reply.body
    return body


def test_the_profile_and_what_was_chosen_are_in_it(world: World, ana: Phone) -> None:
    chosen = {"display_name": "Anita", "language": "es", "time_zone": "Europe/Madrid"}
    world.call("PATCH", "/account", chosen, token=ana.access_token)
    everything = exported(ana)
    assert everything["account"] == ana.get("/account").body
    assert everything["account"].items() >= chosen.items()
    assert everything["account_status"] == "active"


def test_who_the_provider_says_one_is_is_in_it(ana: Phone) -> None:
    [identity] = exported(ana)["identities"]
    assert (identity["provider"], identity["subject"]) == ("google", subject_for(ana.email))


def test_every_device_and_every_session_is_in_it_ended_ones_too(world: World, ana: Phone) -> None:
    tablet = world.person(device="device-2")
    world.clock.advance(timedelta(seconds=1))
    tablet.sign_in()
    tablet.refresh()
    tablet.logout()
    everything = exported(ana)
    assert [held["device"]["id"] for held in everything["devices"]] == ["device-1", "device-2"]
    assert [held["device"]["name"] for held in everything["devices"]] == ["Ana Diaz's phone"] * 2
    phone, other = everything["sessions"]
    assert (phone["id"], phone["ended_at"]) == (ana.session_id, None)
    assert (other["id"], other["end_reason"], other["refreshes"]) == (tablet.session_id, "logout", 1)
    assert other["device_id"] == everything["devices"][1]["id"]


def test_the_whole_consent_history_is_in_it(ana: Phone) -> None:
    ana.delete("/consents/medical_disclaimer")
    history = exported(ana)["consents"]
    assert history == ana.get("/consents").body["history"]
    assert {event["document"] for event in history} == set(REQUIRED)
    assert history[-1]["action"] == "withdrawn"


def test_the_audit_record_of_the_person_is_in_it(world: World, ana: Phone) -> None:
    ana.refresh()
    events = exported(ana)["audit_events"]
    assert [event["kind"] for event in events] == world.kinds_of_acts(ana.user_id)[:-1]
    assert events[0]["kind"] == "account.created"
    assert events[1]["details"].keys() == {"device_id"}
    assert exported(ana)["audit_events"][-1]["kind"] == "account.exported"


def test_what_an_operator_wrote_into_an_event_stays_with_the_operator(world: World, ana: Phone) -> None:
    insert = "INSERT INTO audit_events (occurred_at, kind, user_id, request_id, details)"
    details = json.dumps({"operator": "bob", "reason": "asked by phone"})
    for kind in ("account.suspended", "something.of_tomorrow"):
        world.execute(f"{insert} VALUES (now(), %s, %s, 'r-1', %s)", kind, ana.user_id, details)
    shown = exported(ana)["audit_events"][-2:]
    assert [event["details"] for event in shown] == [{}, {}]


def test_why_it_is_processed_who_gets_it_and_how_long_it_stays_is_in_it(ana: Phone) -> None:
    everything = exported(ana)  # GDPR art. 15(1)(a), (c), (d), (e), (f), (g)
    assert {record["section"] for record in everything["processing"]} == {*LISTS, "account"}
    assert all(all(record.values()) for record in everything["processing"])
    assert any("art. 77" in right for right in everything["rights"])
    assert everything["controller"]["name"]


def test_nobody_elses_data_is_in_it(ana: Phone, eve: Phone) -> None:
    eve.refresh()
    text = json.dumps(exported(ana))
    theirs = (eve.email, eve.name, eve.device, eve.user_id, eve.session_id, subject_for(eve.email))
    assert [value for value in theirs if value in text] == []


def test_nothing_secret_is_in_it(world: World, ana: Phone) -> None:
    text = json.dumps(exported(ana))
    tables = ("users", "identities", "devices", "sessions", "used_id_tokens")
    secret = [ana.access_token, ana.refresh_token, ana.id_token()]
    for table in tables:
        for row in world.rows(f"SELECT * FROM {table}"):  # noqa: S608 - our own names
            secret += [bytes(value).hex() for value in row if isinstance(value, memoryview)]
    assert len(secret) > 10
    assert [value for value in secret if value in text or value[:24] in text] == []


def test_it_is_one_statement_with_its_record_inside(world: World, ana: Phone) -> None:
    with counted(world) as count:
        exported(ana)
    assert (len(count.statements), count.alone) == (1, [True])
    assert world.rows(EXPORTED) == [({"part": "1"}, ana.session_id)]


def test_no_record_no_export(world: World, ana: Phone) -> None:  # F-33
    world.execute("REVOKE INSERT ON audit_events FROM serenya_functions")
    assert ana.get("/account/export").status == 503
    world.execute("GRANT INSERT ON audit_events TO serenya_functions")
    assert ana.get("/account/export").status == 200


@pytest.fixture
def aws(world: World, ana: Phone) -> Iterator[AwsTap]:
    with tapped(world) as tap:
        yield tap


@pytest.mark.parametrize("service", ["kms", "dynamodb"])
def test_while_the_keys_are_away_nothing_is_handed_out_nor_recorded(
    world: World, ana: Phone, aws: AwsTap, service: str
) -> None:
    aws.down = {service}
    reply = ana.get("/account/export")
    assert (reply.status, world.rows(EXPORTED)) == (503, [])  # F0
    aws.down.clear()
    assert ana.get("/account/export").status == 200


def test_a_session_that_ended_exports_nothing_and_records_nothing(world: World, ana: Phone) -> None:
    ana.logout()
    assert ana.get("/account/export").code == "session_revoked"
    assert world.rows(EXPORTED) == []


def test_a_suspended_person_is_told_so(world: World, ana: Phone) -> None:
    world.execute("UPDATE users SET status = 'suspended'")
    assert ana.get("/account/export").code == "account_suspended"
    assert world.rows(EXPORTED) == []


def test_it_needs_a_sign_in_of_the_last_five_minutes(world: World, ana: Phone) -> None:
    world.clock.advance(timedelta(minutes=6))
    ana.refresh()
    assert ana.get("/account/export").code == "insufficient_user_authentication"  # S4
    ana.sign_in()
    assert ana.get("/account/export").status == 200


def test_a_person_without_full_consent_gets_it_all_the_same(ana: Phone) -> None:
    ana.delete("/consents/terms_of_service")
    ana.refresh()
    assert "app" not in ana.answer["scope"].split()
    assert ana.get("/account/export").status == 200


@pytest.fixture
def long_history(world: World, ana: Phone) -> int:
    """Give a person more refreshes than one part holds."""
    insert = "INSERT INTO audit_events (occurred_at, kind, user_id, request_id)"
    rows = "SELECT now(), 'session.refreshed', %s, 'r-' || n FROM generate_series(1, %s) n"
    world.execute(f"{insert} {rows}", ana.user_id, PART_ITEMS * 2)
    return PART_ITEMS * 2


def test_a_long_history_comes_in_parts_each_line_once(world: World, ana: Phone, long_history: int) -> None:
    before = len(world.kinds_of_acts(ana.user_id))
    parts = [exported(ana, part) for part in (1, 2, 3)]
    assert [(part["part"], part["parts"]) for part in parts] == [(1, 3), (2, 3), (3, 3)]
    ids = [event["id"] for part in parts for event in part["audit_events"]]
    assert ids == sorted(set(ids))
    assert len(ids) == before + 2  # the records of the first two parts are in the third
    assert [len(part["consents"]) for part in parts] == [len(REQUIRED), 0, 0]
    assert {part["account"]["id"] for part in parts} == {ana.user_id}
    assert exported(ana, 4)["audit_events"] == []


@pytest.mark.parametrize("part", ["0", "-1", "01", "x", "9999999", "1.5"])
def test_a_part_is_a_whole_number_from_one(ana: Phone, part: str) -> None:
    assert ana.get(f"/account/export?part={part}").code == "invalid_input"


def test_it_is_valid_by_the_published_schema(ana: Phone) -> None:
    schema = json.loads(export_page.PAGE.read_text(encoding="utf-8"))
    OAS31Validator.check_schema(schema)
    OAS31Validator(schema).validate(exported(ana))
    with pytest.raises(Exception, match="required"):
        OAS31Validator(schema).validate({})


def test_every_list_of_the_export_has_its_purpose_and_basis() -> None:
    assert [record.section for record in PROCESSING] == ["account", *LISTS]


def test_no_detail_is_shown_that_the_shape_does_not_know() -> None:
    shown = {name for names in SHOWN_DETAILS.values() for name in names}
    definition = export_page.schema()["$defs"]["ExportedDetails"]
    assert shown == set(definition["properties"])
    assert set(SHOWN_DETAILS) <= set(AuditKind)
