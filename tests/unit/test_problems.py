import json
from datetime import UTC, datetime, timedelta, timezone

import pytest

from chalicelib.domain import errors
from chalicelib.domain.errors import Fault, MissingConsent, ServiceError, leaves
from chalicelib.routes.language import Locale
from chalicelib.routes.problem_records import PROBLEM
from chalicelib.routes.problems import STATUSES, Problem, problem
from chalicelib.routes.reply import to_json
from chalicelib.routes.schema import conforms

NOW = datetime(2025, 3, 1, 13, 30, 15, 999999, tzinfo=timezone(timedelta(hours=1)))
MISSING = MissingConsent(document="privacy_policy", version="1.0", sha256="a" * 64)
EVERY = [pytest.param(error, id=error.code) for error in leaves()]


def told(error: ServiceError, locale: Locale = Locale.en) -> Problem:
    return problem(error, request_id="r-1", now=NOW, locale=locale)


def test_the_table_has_every_error_and_nothing_else() -> None:
    assert set(STATUSES) == set(leaves())


@pytest.mark.parametrize("locale", Locale)
@pytest.mark.parametrize("error", EVERY)
def test_every_problem_has_the_declared_shape(error: type[ServiceError], locale: Locale) -> None:
    full = error(
        faults=(Fault(pointer="/a~1b", code="required"),),
        consents_missing=(MISSING,),
        retry_after=timedelta(seconds=3),
    )
    assert conforms(PROBLEM, json.loads(to_json(told(full, locale).body)))
    assert conforms(PROBLEM, json.loads(to_json(told(error(), locale).body)))


def test_a_problem_says_what_it_is_and_whom_to_ask() -> None:
    assert told(errors.NotFound()).body == {
        "type": "urn:serenya-auth:error:not_found",
        "title": "Nothing is found here",
        "status": 404,
        "instance": "urn:serenya-auth:request:r-1",
        "code": "not_found",
        "user_message": "We couldn't find what you're looking for. Please go back and try again.",
        "action": "none",
        "request_id": "r-1",
        "timestamp": "2025-03-01T12:30:15Z",
    }


def test_a_person_reads_it_in_their_language() -> None:
    spanish = told(errors.NotFound(), Locale.es)
    assert spanish.headers["Content-Language"] == "es"
    assert spanish.body["user_message"].startswith("No encontramos")


@pytest.mark.parametrize("error", EVERY)
def test_401_carries_a_challenge_and_only_auth_errors_do(error: type[ServiceError]) -> None:
    has_challenge = "WWW-Authenticate" in told(error()).headers
    assert has_challenge is (STATUSES[error] == 401 or error is errors.InsufficientScope)


@pytest.mark.parametrize("error", [errors.MissingToken, errors.InvalidIdToken, errors.RefreshTokenExpired])
def test_no_error_in_the_challenge_when_no_access_token_was_at_fault(error: type[ServiceError]) -> None:
    assert told(error()).headers["WWW-Authenticate"] == "Bearer"  # RFC 6750 s3.1


@pytest.mark.parametrize(
    "error", [errors.InvalidAccessToken, errors.AccessTokenExpired, errors.SessionRevoked]
)
def test_a_refused_access_token_is_named_in_the_challenge(error: type[ServiceError]) -> None:
    assert told(error()).headers["WWW-Authenticate"] == 'Bearer error="invalid_token"'


def test_the_missing_scope_is_named_in_the_challenge() -> None:
    challenge = told(errors.InsufficientScope(scope="account")).headers["WWW-Authenticate"]
    assert challenge == 'Bearer error="insufficient_scope", scope="account"'


@pytest.mark.parametrize(
    ("wait", "seconds"),
    [
        (None, 1),
        (timedelta(0), 1),
        (timedelta(milliseconds=200), 1),
        (timedelta(seconds=-4), 1),
        (timedelta(milliseconds=2001), 3),
    ],
)
def test_an_outage_says_when_to_come_back_in_whole_seconds(wait: timedelta | None, seconds: int) -> None:
    outage = told(errors.DependencyUnavailable(retry_after=wait))  # F0
    assert outage.status == 503
    assert outage.headers["Retry-After"] == str(seconds)
    assert outage.body["retry_after"] == seconds


def test_only_what_is_retryable_says_when() -> None:
    assert "Retry-After" not in told(errors.NotFound(retry_after=timedelta(seconds=1))).headers


def test_nothing_of_the_cause_is_told() -> None:
    error = errors.InternalError()
    error.__cause__ = ValueError("ada@example.com")
    assert "ada" not in to_json(told(error).body)


def test_times_are_utc() -> None:
    assert told(errors.NotFound()).body["timestamp"] == "2025-03-01T12:30:15Z"
    assert NOW.astimezone(UTC).hour == 12
