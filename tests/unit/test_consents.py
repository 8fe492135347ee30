"""Rules of consent that need no database: which document opens what, and what counts as agreed."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from chalicelib.clients.documents import load_documents
from chalicelib.domain import consents
from chalicelib.domain.consents import ConsentAnswer, ConsentState
from chalicelib.domain.errors import ConsentOutdated, ConsentRequired, InvalidInput
from chalicelib.domain.tokens import Scope

NOW = datetime(2026, 3, 1, tzinfo=UTC)
SECOND = timedelta(seconds=1)
TERMS = ConsentState(
    document="terms_of_service",
    version="2.0",
    locale="en",
    sha256="a" * 64,
    required=True,
    granted_version="2.0",
    granted_until=None,
)
AI = replace(TERMS, document="ai_processing", required=False)


def old(state: ConsentState, until: datetime) -> ConsentState:
    return replace(state, granted_version="1.0", granted_until=until)


def nothing(state: ConsentState) -> ConsentState:
    return replace(state, granted_version=None)


def given(state: ConsentState, *, granted: bool = True, version: str = "2.0") -> ConsentAnswer:
    return ConsentAnswer(
        document=state.document, version=version, granted=granted, locale="en", method="settings"
    )


def test_every_document_that_opens_a_scope_of_its_own_ships_as_optional() -> None:
    optional = {text.kind for text in load_documents() if not text.required}
    assert set(consents.OPENED_BY_OPTIONAL) == optional


def test_no_scope_is_declared_twice_and_none_is_forgotten() -> None:
    opened = [consents.ALWAYS_OPEN, consents.OPENED_BY_REQUIRED, set(consents.OPENED_BY_OPTIONAL.values())]
    assert set().union(*opened) == set(Scope)
    assert sum(map(len, opened)) == len(Scope)


def test_an_earlier_grant_counts_until_the_very_moment_its_grace_ends() -> None:
    assert old(TERMS, NOW + SECOND).is_granted(NOW)
    assert not old(TERMS, NOW).is_granted(NOW)
    assert not old(TERMS, NOW - SECOND).is_granted(NOW)


@pytest.mark.parametrize(
    ("states", "opened"),
    [
        ((TERMS, AI), {Scope.APP, Scope.AI}),
        ((TERMS, nothing(AI)), {Scope.APP}),
        ((nothing(TERMS), AI), set()),
        ((old(TERMS, NOW), AI), set()),
        ((old(TERMS, NOW + SECOND), old(AI, NOW)), {Scope.APP}),
        ((), set()),  # nothing required in force: a release that isn't done, not a yes to nothing
        ((AI,), set()),
    ],
)
def test_a_token_opens_ones_own_data_and_what_is_agreed_to(
    states: tuple[ConsentState, ...], opened: set[Scope]
) -> None:
    absent = consents.missing(states, NOW)
    assert consents.scopes(states, absent, NOW) == consents.ALWAYS_OPEN | opened


def test_an_optional_document_is_never_missing() -> None:
    gaps = consents.missing((nothing(TERMS), nothing(AI)), NOW)
    assert [(gap.document, gap.version, gap.sha256) for gap in gaps] == [(TERMS.document, "2.0", "a" * 64)]


def test_answers_change_only_what_they_name_at_its_current_version() -> None:
    before = (nothing(TERMS), AI)
    assert consents.after(before, [given(TERMS)]) == (TERMS, AI)
    assert consents.after(before, [given(AI, granted=False)]) == (before[0], nothing(AI))
    assert consents.after(before, [given(TERMS, version="1.0")]) == before


def test_a_withdrawal_takes_an_earlier_grant_too() -> None:
    assert consents.after_withdrawal((old(TERMS, NOW + SECOND),), TERMS.document) == (nothing(TERMS),)


def test_unknown_and_repeated_documents_are_told_all_at_once() -> None:
    unknown = replace(given(TERMS), document="everything")
    with pytest.raises(InvalidInput) as caught:
        consents.check_answers((given(TERMS), unknown, given(TERMS)), (TERMS,))
    assert [fault.pointer for fault in caught.value.faults] == [
        "/consents/1/document",
        "/consents/2/document",
    ]


def test_every_outdated_answer_is_told_even_a_refusal() -> None:
    answers = (given(TERMS, version="1.0"), given(AI, version="1.0", granted=False))
    with pytest.raises(ConsentOutdated) as caught:
        consents.check_answers(answers, (TERMS, AI))
    assert [fault.pointer for fault in caught.value.faults] == ["/consents/0/version", "/consents/1/version"]


def test_a_new_account_needs_a_yes_to_the_current_version_whatever_the_grace() -> None:
    for answers in ([], [given(TERMS, granted=False)], [given(TERMS, version="1.0")], [given(AI)]):
        with pytest.raises(ConsentRequired):
            consents.require_all(answers, (nothing(TERMS), nothing(AI)), NOW)
    consents.require_all([given(TERMS)], (nothing(TERMS), nothing(AI)), NOW)
