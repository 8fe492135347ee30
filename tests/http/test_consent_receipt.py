"""The receipt: proves a person's consents to whoever has the JWKS, and opens nothing."""

from datetime import datetime, timedelta
from typing import Any

import jwt
import pytest

from tests.consenting import AI, PRIVACY, TERMS, answer, publish, withdraw
from tests.first_texts import no, yes
from tests.world import REQUIRED, Phone, World

TYPE = "consent-receipt+jwt"


@pytest.fixture
def ana(world: World) -> Phone:
    phone = world.person()
    phone.sign_in()
    return phone


def receipt_of(phone: Phone, **headers: str) -> str:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    reply = phone.world.call("GET", "/consents/receipt", token=phone.access_token, headers=sent)
    assert reply.status == 200
    return str(reply.body["receipt"])


def verified(world: World, receipt: str) -> dict[str, Any]:
    """Return what a receipt says, verified as an auditor does who has the JWKS and nothing else."""
    keys = jwt.PyJWKSet.from_dict(world.call("GET", "/.well-known/jwks.json").body)
    header = jwt.get_unverified_header(receipt)
    assert header["typ"] == TYPE
    key = keys[header["kid"]]
    options: Any = {"verify_iat": False}  # the clock of these tests is made up
    issuer, algorithms = world.settings.issuer_url, [key.algorithm_name]
    return dict(jwt.decode(receipt, key, algorithms=algorithms, issuer=issuer, options=options))


def seconds(text: str | None) -> int | None:
    return None if text is None else int(datetime.fromisoformat(text).timestamp())


def test_a_receipt_verifies_against_the_published_keys(world: World, ana: Phone) -> None:
    said = verified(world, receipt_of(ana))
    assert (said["iss"], said["iat"]) == (world.settings.issuer_url, int(world.clock.now().timestamp()))


def test_a_changed_receipt_does_not_verify(world: World, ana: Phone) -> None:
    head, body, signature = receipt_of(ana).split(".")
    changed = f"{head}.{body[:-4]}AAAA.{signature}"
    with pytest.raises(jwt.InvalidTokenError):
        verified(world, changed)


def test_a_receipt_is_no_access_token_and_an_access_token_no_receipt(world: World, ana: Phone) -> None:
    assert world.call("GET", "/account", token=receipt_of(ana)).code == "invalid_token"  # J4
    assert jwt.get_unverified_header(ana.access_token)["typ"] == "at+jwt"
    assert jwt.get_unverified_header(receipt_of(ana))["typ"] == TYPE


def test_it_says_what_reading_the_consents_says(world: World, ana: Phone) -> None:
    answer(ana, yes(AI, method="prompt"), **{"x-app-version": "4.2.0"})
    withdraw(ana, PRIVACY)
    publish(world, TERMS, "2.0", grace=timedelta(days=3))
    read, said = ana.get("/consents").body, verified(world, receipt_of(ana))
    times = {"occurred_at", "granted_until"}
    for name in ("state", "history"):
        plain = [{k: seconds(v) if k in times else v for k, v in entry.items()} for entry in read[name]]
        assert said[name] == plain
    assert any(entry["granted_until"] for entry in said["state"])


def test_its_purposes_are_what_the_person_agrees_to_now_and_nothing_else(world: World, ana: Phone) -> None:
    answer(ana, no(AI))
    withdraw(ana, PRIVACY)
    said = verified(world, receipt_of(ana))
    purposes = {purpose["document"] for purpose in said["services"][0]["purposes"]}
    assert purposes == set(REQUIRED) - {PRIVACY}


def test_a_purpose_is_told_by_the_words_that_were_shown(world: World, ana: Phone) -> None:
    answer(ana, yes(AI, locale="es", method="bundle:extras"))
    granted_at = int(world.clock.now().timestamp())
    publish(world, AI, "2.0", grace=timedelta(days=3), purpose="Something else.")
    said = verified(world, receipt_of(ana))
    spanish = world.rows(
        "SELECT purpose, sha256 FROM consent_documents WHERE kind = %s AND version = '1.0' AND locale = 'es'",
        AI,
    )
    purpose = next(each for each in said["services"][0]["purposes"] if each["document"] == AI)
    assert purpose == {
        "purpose": spanish[0][0],
        "purposeCategory": [AI],
        "consentType": "EXPLICIT",
        "primaryPurpose": False,
        "termination": f"At any time, in the app's settings or by DELETE /consents/{AI}",
        "legalBasis": "GDPR art. 9(2)(a)",
        "document": AI,
        "documentVersion": "1.0",
        "documentSha256": spanish[0][1],
        "language": "es",
        "collectionMethod": "bundle:extras",
        "consentTimestamp": granted_at,
    }


def test_it_is_in_the_fields_of_the_kantara_consent_receipt(world: World, ana: Phone) -> None:
    signed_up = int(world.clock.now().timestamp())
    world.clock.advance(timedelta(minutes=5))
    said = verified(world, receipt_of(ana, accept_language="es"))
    assert (said["version"], said["jurisdiction"]) == ("KI-CR-v1.1.0", "EU")
    assert (said["consentTimestamp"], said["collectionMethod"]) == (signed_up, "onboarding")
    assert (said["language"], said["piiPrincipalId"]) == ("es", ana.user_id)
    assert said["piiControllers"] == [{"piiController": world.settings.controller.name}]
    assert said["policyUrl"] == f"{world.settings.issuer_url}/consents/documents"
    assert verified(world, receipt_of(ana))["consentReceiptID"] != said["consentReceiptID"]


def test_it_holds_no_personal_data_but_ids(world: World, ana: Phone) -> None:
    said = str(verified(world, receipt_of(ana)))
    assert not [planted for planted in (ana.email, ana.name, "Ana") if planted in said]


def test_nobody_gets_anybody_elses_receipt(world: World, ana: Phone) -> None:
    ben = world.person("ben@example.com")
    ben.sign_in()
    said = verified(world, receipt_of(ben))
    assert said["piiPrincipalId"] == ben.user_id
    assert {line["session_id"] for line in said["history"]} == {ben.session_id}
    ana.logout()
    assert ana.get("/consents/receipt").code == "session_revoked"
