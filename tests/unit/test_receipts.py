"""The receipt by itself: states what is known, and nothing that isn't."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from chalicelib.clients.documents import load_documents
from chalicelib.domain.consents import ConsentAction, ConsentEvent, ConsentState
from chalicelib.domain.receipts import Controller, ReceiptHead, consent_receipt

NOW = datetime(2026, 3, 1, tzinfo=UTC)
TEXT = next(text for text in load_documents() if (text.kind, text.locale) == ("ai_processing", "en"))
STATE = ConsentState(
    document=TEXT.kind,
    version=TEXT.version,
    locale="en",
    sha256=TEXT.sha256,
    required=False,
    granted_version=TEXT.version,
    granted_until=None,
)
GRANT = ConsentEvent(
    document=TEXT.kind,
    version=TEXT.version,
    locale="en",
    sha256=TEXT.sha256,
    action=ConsentAction.GRANTED,
    method="settings",
    app_version=None,
    session_id=UUID(int=2),
    occurred_at=NOW - timedelta(days=1),
)
HEAD = ReceiptHead(
    receipt_id=UUID(int=3),
    user_id=UUID(int=1),
    controller=Controller(name="Clinic", contact="privacy@clinic.example"),
    policy_url="https://auth.example/consents/documents",
    locale="en",
    now=NOW,
)


def receipt(state: ConsentState = STATE, *events: ConsentEvent, head: ReceiptHead = HEAD) -> dict[str, Any]:
    return consent_receipt(head, documents=[TEXT], states=[state], events=events)


def purposes(said: dict[str, Any]) -> list[str]:
    return [purpose["document"] for purpose in said["services"][0]["purposes"]]


def test_the_controller_is_named_with_how_to_reach_them_if_that_is_known() -> None:
    expected = {"piiController": "Clinic", "contact": "privacy@clinic.example"}
    assert receipt(STATE, GRANT)["piiControllers"] == [expected]
    head = replace(HEAD, controller=Controller(name="Clinic"))
    assert receipt(STATE, GRANT, head=head)["piiControllers"] == [{"piiController": "Clinic"}]


def test_consent_to_use_of_health_data_is_marked_sensitive_while_it_stands() -> None:
    said = receipt(STATE, GRANT)
    assert (said["sensitive"], said["spiCat"]) == (True, ["Health"])
    said = receipt(
        replace(STATE, granted_version=None), GRANT, replace(GRANT, action=ConsentAction.WITHDRAWN)
    )
    assert (said["sensitive"], said["spiCat"], purposes(said)) == (False, [], [])


def test_what_was_superseded_by_a_grant_is_still_granted_and_what_it_superseded_is_not() -> None:
    superseded = replace(GRANT, version="0.9", action=ConsentAction.SUPERSEDED)
    assert purposes(receipt(STATE, GRANT, superseded, GRANT)) == [TEXT.kind]


def test_a_grant_whose_grace_is_over_is_no_purpose() -> None:
    assert purposes(receipt(replace(STATE, granted_until=NOW), GRANT)) == []


def test_no_purpose_is_stated_that_the_history_does_not_bear_out() -> None:
    withdrawn = replace(GRANT, action=ConsentAction.WITHDRAWN)
    assert purposes(receipt(STATE, GRANT, withdrawn)) == []  # withdrawn between the two reads


def test_the_time_of_consent_is_that_of_the_last_answer_not_of_the_receipt() -> None:
    said = receipt(STATE, GRANT)
    assert said["consentTimestamp"] == int(GRANT.occurred_at.timestamp())


def test_nothing_is_stated_of_third_parties_or_categories_of_data_since_only_the_texts_know() -> None:
    said = receipt(STATE, GRANT)
    purpose = said["services"][0]["purposes"][0]
    assert not {"thirdPartyDisclosure", "thirdPartyName", "piiCategory"} & purpose.keys()
    assert "publicKey" not in said
