"""The gate of a new account: every required document granted as it is in force; else nothing is stored."""

from typing import Any

import pytest

from tests.world import REQUIRED, Phone, Reply, World

Answers = list[dict[str, Any]]


def granted(*kinds: str, version: str = "1.0") -> Answers:
    return [{"document": kind, "version": version, "granted": True} for kind in kinds]


def refused_without_a_trace(phone: Phone, answers: Answers | None) -> Reply:
    before = phone.world.stored()
    body = phone.sign_in_body(consents=answers)
    if answers is None:
        del body["consents"]
    reply = phone.world.call("POST", "/auth/google", body)
    assert reply.status >= 400
    assert phone.world.stored() == before  # no row in any table, no key in the vault
    return reply


def test_without_any_answer_all_required_documents_are_asked_for(world: World) -> None:
    silent: tuple[Answers | None, ...] = (None, [])
    for answers in silent:  # G2: no default is yes
        reply = refused_without_a_trace(world.person(), answers)
        assert (reply.status, reply.code) == (403, "consent_required")
        assert reply.body["action"] == "accept_consents"
        assert {gap["document"] for gap in reply.body["consents_missing"]} == set(REQUIRED)


def test_what_is_asked_for_is_the_text_that_is_shown(world: World) -> None:
    gaps = refused_without_a_trace(world.person(), []).body["consents_missing"]
    shown = world.call("GET", "/consents/documents").body["documents"]
    required = [text for text in shown if text["required"]]
    assert sorted((g["document"], g["version"], g["sha256"]) for g in gaps) == sorted(
        (text["document"], text["version"], text["sha256"]) for text in required
    )


@pytest.mark.parametrize("missing", REQUIRED)
def test_one_missing_document_is_asked_for_alone(world: World, missing: str) -> None:
    answers = granted(*(kind for kind in REQUIRED if kind != missing))
    reply = refused_without_a_trace(world.person(), answers)
    assert (reply.status, reply.code) == (403, "consent_required")
    assert [gap["document"] for gap in reply.body["consents_missing"]] == [missing]


def test_a_refused_document_is_asked_for(world: World) -> None:
    answers = [*granted(*REQUIRED[1:]), {"document": REQUIRED[0], "version": "1.0", "granted": False}]
    reply = refused_without_a_trace(world.person(), answers)
    assert (reply.status, reply.code) == (403, "consent_required")
    assert [gap["document"] for gap in reply.body["consents_missing"]] == [REQUIRED[0]]


@pytest.mark.parametrize("version", ["0.9", "2.0", "1.0 ", "1"])
def test_another_version_than_the_current_one_is_not_consent(world: World, version: str) -> None:
    answers = [*granted(*REQUIRED[1:]), *granted(REQUIRED[0], version=version)]
    reply = refused_without_a_trace(world.person(), answers)
    assert (reply.status, reply.code) == (403, "consent_required")
    assert reply.body["consents_missing"][0]["version"] == "1.0"


def test_another_version_of_an_optional_document_is_told(world: World) -> None:
    answers = [*granted(*REQUIRED), *granted("ai_processing", version="0.9")]
    reply = refused_without_a_trace(world.person(), answers)
    assert (reply.status, reply.code) == (400, "consent_version_not_current")
    assert [fault["pointer"] for fault in reply.body["errors"]] == [f"/consents/{len(REQUIRED)}/version"]


def test_an_unknown_document_is_told(world: World) -> None:
    reply = refused_without_a_trace(world.person(), [*granted(*REQUIRED), *granted("everything")])
    assert (reply.status, reply.code) == (400, "invalid_input")
    assert reply.body["errors"] == [{"pointer": f"/consents/{len(REQUIRED)}/document", "code": "not_allowed"}]


@pytest.mark.parametrize("second", [True, False])
def test_a_document_named_twice_is_refused(world: World, *, second: bool) -> None:
    twice = {"document": REQUIRED[0], "version": "1.0", "granted": second}
    assert refused_without_a_trace(world.person(), [*granted(*REQUIRED), twice]).code == "invalid_input"


@pytest.mark.parametrize("granted_as", [..., None, "true", 1, []])
def test_a_missing_field_is_not_consent_and_neither_is_something_like_true(
    world: World, granted_as: object
) -> None:
    answer = {"document": REQUIRED[0], "version": "1.0", "granted": granted_as}
    if granted_as is ...:
        del answer["granted"]
    reply = refused_without_a_trace(world.person(), [answer, *granted(*REQUIRED[1:])])
    assert (reply.status, reply.code) == (400, "invalid_input")
    expected = "required" if granted_as is ... else "wrong_type"
    assert reply.body["errors"] == [{"pointer": "/consents/0/granted", "code": expected}]


def test_more_answers_than_there_can_be_documents_are_refused(world: World) -> None:
    reply = refused_without_a_trace(world.person(), granted(*REQUIRED) * 7)
    assert (reply.status, reply.body["errors"][0]["code"]) == (400, "too_many")


def test_a_person_who_was_refused_agrees_and_comes_in_with_the_same_id_token(world: World) -> None:
    ana = world.person()
    token = ana.id_token()
    assert ana.sign_in(token, consents=[]).code == "consent_required"
    reply = ana.sign_in(token)
    assert (reply.status, reply.body["is_new_user"], reply.body["consents_missing"]) == (200, True, [])


def test_a_new_account_is_one_of_each_and_every_act_is_recorded(world: World) -> None:
    before = world.stored()
    ana = world.person()
    ana.sign_in()
    after = world.stored()
    assert {name: after[name] - before[name] for name in after if after[name] != before[name]} == {
        "users": 1,
        "identities": 1,
        "devices": 1,
        "sessions": 1,
        "used_id_tokens": 1,
        "consent_events": len(REQUIRED),
        "audit_events": 2 + len(REQUIRED),
        "key vault": 1,
    }
    assert ana.user_id in world.vault_keys()
    granting = ["consent.granted"] * len(REQUIRED)
    assert world.kinds_of_acts(ana.user_id) == ["account.created", "session.started", *granting]
