"""Answers after sign-up: recorded whole or not at all, once, with all that proves them (G1, GDPR art. 7)."""

from typing import Any

import pytest

from tests.consenting import AI, PRIVACY, TERMS, answer, history, kept, lines, publish, withdraw
from tests.first_texts import no, yes
from tests.world import REQUIRED, Phone, Reply, World


@pytest.fixture
def ana(world: World) -> Phone:
    phone = world.person()
    phone.sign_in()
    return phone


def unchanged(phone: Phone, body: Any) -> Reply:  # noqa: ANN401 - bodies of any kind
    """Send a body that must leave no trace."""
    before = phone.world.stored()
    reply = phone.world.call("POST", "/consents", body, token=phone.access_token)
    assert reply.status >= 400
    assert phone.world.stored() == before
    return reply


def test_an_answer_is_recorded_with_all_that_proves_it(world: World, ana: Phone) -> None:
    answer(ana, yes(AI, method="prompt", locale="es"), **{"x-app-version": "4.2.0"})
    sha256 = world.rows("SELECT sha256 FROM consent_documents WHERE kind = %s AND locale = 'es'", AI)[0][0]
    assert history(ana)[-1] == {
        "document": AI,
        "version": "1.0",
        "locale": "es",
        "sha256": sha256,
        "action": "granted",
        "method": "prompt",
        "app_version": "4.2.0",
        "session_id": ana.session_id,
        "occurred_at": world.clock.now().isoformat().replace("+00:00", "Z"),
    }


def test_the_language_shown_is_that_of_the_phone_unless_it_says_another(ana: Phone) -> None:
    answer(ana, yes(AI), **{"accept-language": "es-MX,en;q=0.5"})
    assert history(ana)[-1]["locale"] == "es"
    answer(ana, no(AI, locale="en"), **{"accept-language": "es"})
    assert history(ana)[-1]["locale"] == "en"


def test_the_method_is_settings_after_sign_up_and_onboarding_at_it(ana: Phone) -> None:
    answer(ana, yes(AI))
    assert [line["method"] for line in history(ana)] == [*["onboarding"] * len(REQUIRED), "settings"]


def test_one_box_for_several_documents_is_one_event_each_that_names_the_bundle(world: World) -> None:
    ana = world.person()
    first = [yes(kind, method="bundle:terms_and_privacy") for kind in REQUIRED[:2]]
    second = [yes(kind, method="bundle:medical") for kind in REQUIRED[2:]]
    ana.sign_in(consents=first + second)
    methods = {line["document"]: line["method"] for line in history(ana)}
    expected = dict.fromkeys(REQUIRED[:2], "bundle:terms_and_privacy") | dict.fromkeys(
        REQUIRED[2:], "bundle:medical"
    )
    assert methods == expected
    reply = answer(ana, no(AI, method="bundle:extras"), yes(TERMS, method="bundle:extras"))
    assert reply.status == 200
    assert [(line["document"], line["method"]) for line in history(ana)[len(REQUIRED) :]] == [
        (AI, "bundle:extras")
    ]


@pytest.mark.parametrize("method", ["Settings", "bundle:", "bundle:A B", "other", 7, "bundle:" + "a" * 60])
def test_another_method_is_refused(ana: Phone, method: object) -> None:
    reply = unchanged(ana, {"consents": [yes(AI, method=method)]})
    assert (reply.status, reply.body["errors"][0]["pointer"]) == (400, "/consents/0/method")


@pytest.mark.parametrize("method", [None, ""])
def test_a_method_that_is_not_told_is_the_settings(world: World, ana: Phone, method: object) -> None:
    answer(ana, yes(AI, method=method))
    assert world.rows("SELECT method FROM consent_events ORDER BY id DESC LIMIT 1") == [("settings",)]


def test_all_actions_are_told_in_their_order_and_none_is_lost(world: World, ana: Phone) -> None:
    answer(ana, no(AI))
    answer(ana, yes(AI))
    withdraw(ana, AI)
    answer(ana, yes(AI))
    publish(world, AI, "2.0")
    answer(ana, no(AI, "2.0"))
    assert lines(ana, AI) == [
        ("refused", "1.0"),
        ("granted", "1.0"),
        ("withdrawn", "1.0"),
        ("granted", "1.0"),
        ("superseded", "1.0"),
        ("refused", "2.0"),
    ]
    told = ["refused", "granted", "withdrawn", "granted", "superseded", "refused"]
    audited = [kind for kind in world.kinds_of_acts(ana.user_id) if kind.startswith("consent.")]
    assert audited[len(REQUIRED) :] == [f"consent.{action}" for action in told]  # one record an act


def test_what_is_replaced_is_recorded_in_the_words_that_were_agreed_to(world: World) -> None:
    ana = world.person()
    ana.sign_in(consents=[yes(kind, locale="es") for kind in REQUIRED])
    publish(world, TERMS, "2.0")
    answer(ana, yes(TERMS, "2.0", locale="en"))
    first, replaced, second = (line for line in history(ana) if line["document"] == TERMS)
    assert (replaced["action"], replaced["locale"]) == ("superseded", "es")
    assert replaced["sha256"] == first["sha256"] != second["sha256"]


def test_several_answers_are_all_recorded_or_none(ana: Phone) -> None:
    reply = unchanged(ana, {"consents": [yes(AI), no(PRIVACY), yes(TERMS, "9.9")]})
    assert (reply.status, reply.code) == (400, "consent_version_not_current")
    assert reply.body["errors"] == [{"pointer": "/consents/2/version", "code": "not_current"}]
    reply = answer(ana, yes(AI), no(PRIVACY))
    assert (lines(ana, AI), lines(ana, PRIVACY)[-1]) == ([("granted", "1.0")], ("refused", "1.0"))


def test_a_version_before_or_after_the_current_one_is_refused(world: World, ana: Phone) -> None:
    publish(world, TERMS, "2.0")
    for version in ("1.0", "3.0", "2", "2.0 "):
        assert unchanged(ana, {"consents": [yes(TERMS, version)]}).code == "consent_version_not_current"


@pytest.mark.parametrize(
    ("answers", "pointer", "code"),
    [
        ([yes("everything")], "/consents/0/document", "not_allowed"),
        ([yes(AI), yes(AI)], "/consents/1/document", "not_allowed"),
        ([yes(AI), no(AI)], "/consents/1/document", "not_allowed"),
        ([{"document": AI, "version": "1.0"}], "/consents/0/granted", "required"),
        ([yes(AI, granted=None)], "/consents/0/granted", "wrong_type"),
        ([yes(AI, granted="true")], "/consents/0/granted", "wrong_type"),
        ([yes(AI, granted=1)], "/consents/0/granted", "wrong_type"),
        ([{"document": AI, "granted": True}], "/consents/0/version", "required"),
        ([{"version": "1.0", "granted": True}], "/consents/0/document", "required"),
        ([yes(AI, locale="fr")], "/consents/0/locale", "not_allowed"),
        ([yes(AI, surprise=1)], "/consents/0/surprise", "unknown_field"),
        ([yes(AI)] * 33, "/consents", "too_many"),
        ([], "/consents", "too_few"),
        (None, "/consents", "wrong_type"),
        ("ai_processing", "/consents", "wrong_type"),
    ],
)
def test_what_does_not_fit_is_told_and_leaves_no_trace(
    ana: Phone, answers: object, pointer: str, code: str
) -> None:
    reply = unchanged(ana, {"consents": answers})
    assert (reply.status, reply.code) == (400, "invalid_input")
    assert {"pointer": pointer, "code": code} in reply.body["errors"]


@pytest.mark.parametrize("body", [{}, {"documents": []}, [], "yes"])
def test_a_body_of_another_shape_is_refused(ana: Phone, body: object) -> None:
    assert unchanged(ana, body).status == 400


def test_an_answer_that_stands_already_adds_nothing_in_any_language(world: World, ana: Phone) -> None:
    answer(ana, yes(AI), yes(TERMS))
    before = world.stored()
    assert answer(ana, yes(AI), yes(TERMS)).status == 200
    assert answer(ana, yes(AI, locale="es")).status == 200
    assert world.stored() == before


def test_a_document_that_is_not_known_can_not_be_withdrawn(world: World, ana: Phone) -> None:
    before = world.stored()
    for kind in ("everything", "x" * 200, "a\x00b", "\ud800", "\u00e9", "ai_processing%20"):
        assert ana.delete(f"/consents/{kind}").code == "not_found"
    assert world.stored() == before


@pytest.mark.parametrize("act", ["never answered", "refused", "withdrawn"])
def test_withdrawing_what_is_not_granted_changes_nothing_and_is_fine(
    world: World, ana: Phone, act: str
) -> None:
    if act == "refused":
        answer(ana, no(AI))
    if act == "withdrawn":
        answer(ana, yes(AI))
        withdraw(ana, AI)
    before = world.stored()
    reply = withdraw(ana, AI)
    assert (reply.status, "ai" in reply.body["scope"].split()) == (200, False)
    assert world.stored() == before


def test_a_withdrawal_is_one_call_without_a_body_and_says_how(ana: Phone) -> None:
    answer(ana, yes(AI))
    kept(ana, ana.delete(f"/consents/{AI}?method=prompt"))
    line = history(ana)[-1]
    assert (line["action"], line["method"], line["session_id"]) == ("withdrawn", "prompt", ana.session_id)
    assert ana.delete(f"/consents/{AI}?method=whatever").code == "invalid_input"


def test_a_withdrawal_names_the_words_that_were_agreed_to(world: World, ana: Phone) -> None:
    publish(world, TERMS, "2.0")
    withdraw(ana, TERMS)
    assert lines(ana, TERMS) == [("granted", "1.0"), ("withdrawn", "1.0")]


def test_the_answer_says_where_the_person_stands_as_reading_it_does(ana: Phone) -> None:
    assert answer(ana, yes(AI), no(PRIVACY)).body["state"] == ana.get("/consents").body["state"]
    assert withdraw(ana, AI).body["state"] == ana.get("/consents").body["state"]


def test_nobody_answers_without_a_live_session(world: World, ana: Phone) -> None:
    before = world.stored()
    assert world.call("POST", "/consents", {"consents": [yes(AI)]}).code == "missing_token"
    assert world.call("DELETE", f"/consents/{AI}").code == "missing_token"
    assert (
        world.call("POST", "/consents", {"consents": [yes(AI)]}, token=ana.refresh_token).code
        == "invalid_token"
    )
    assert world.stored() == before
    ana.logout()
    before = world.stored()
    assert answer(ana, yes(AI)).code == "session_revoked"
    assert withdraw(ana, TERMS).code == "session_revoked"
    assert world.stored() == before


def test_a_suspended_person_answers_nothing(world: World, ana: Phone) -> None:
    world.execute("UPDATE users SET status = 'suspended'")
    before = world.stored()
    assert answer(ana, yes(AI)).code == "account_suspended"
    assert withdraw(ana, TERMS).code == "account_suspended"
    assert world.stored() == before


def test_the_history_outlives_erasure_without_naming_the_person(world: World, ana: Phone) -> None:
    answer(ana, yes(AI))
    before = world.rows("SELECT * FROM consent_events ORDER BY id")
    world.execute("DELETE FROM used_id_tokens")
    world.execute("DELETE FROM sessions")
    world.execute("DELETE FROM devices")
    world.execute("DELETE FROM identities")
    world.execute("UPDATE users SET status = 'erased', profile = NULL, profile_digest = NULL")
    assert world.rows("SELECT * FROM consent_events ORDER BY id") == before
    columns = world.rows(
        "SELECT data_type FROM information_schema.columns WHERE table_name = 'consent_events'"
    )
    assert ("bytea",) not in columns
