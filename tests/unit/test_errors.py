import re
from pathlib import Path

import pytest

from chalicelib.domain.errors import Action, ConsentRequired, MissingConsent, ServiceError, leaves
from chalicelib.routes.faults import FaultCode
from tools.errors_page import ADVICE, FIELD_ADVICE, PAGE, page

LEAVES = tuple(leaves())
ERRORS = [pytest.param(error, id=error.__name__) for error in LEAVES]


@pytest.mark.parametrize("error", ERRORS)
def test_every_error_has_a_snake_case_code_a_title_and_an_action(error: type[ServiceError]) -> None:
    assert re.fullmatch(r"[a-z]+(_[a-z]+)*", error.code)
    assert error.title
    assert not error.title.endswith(".")
    assert error.action in set(Action)


def test_no_two_errors_share_a_code() -> None:
    assert len({error.code for error in LEAVES}) == len(LEAVES)


@pytest.mark.parametrize("error", ERRORS)
def test_an_error_can_be_raised_bare_and_says_only_its_code(error: type[ServiceError]) -> None:
    assert str(error()) == error.code


def test_an_error_carries_what_the_app_may_know() -> None:
    missing = MissingConsent(document="privacy_policy", version="1.0", sha256="0" * 64)
    assert ConsentRequired(consents_missing=(missing,)).consents_missing == (missing,)


def test_the_page_of_errors_is_what_the_tables_say() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "stale: run `python -m tools.errors_page`"
    assert Path("docs/errors.md").name == PAGE.name


def test_every_code_has_advice_and_no_advice_is_left_over() -> None:
    assert set(ADVICE) == {error.code for error in LEAVES}
    assert set(FIELD_ADVICE) == set(FaultCode)
