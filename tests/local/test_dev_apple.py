"""The development Apple is like the real one where it counts, and remembers what it saw."""

import json
import urllib.parse
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.error import HTTPError

import jwt
import pytest

from local.dev_apple import BUNDLE, ISSUER, DevApple, relay_for, subject_for


@pytest.fixture(scope="module")
def apple(tmp_path_factory: pytest.TempPathFactory) -> DevApple:
    return DevApple(tmp_path_factory.mktemp("apple"))


@pytest.fixture
def url(apple: DevApple) -> Iterator[str]:
    with apple.serve() as served:
        yield served


def secret(apple: DevApple, **changes: object) -> str:
    now = datetime.now(UTC)
    claims: dict[str, Any] = {"iss": "TEAM", "sub": BUNDLE, "aud": ISSUER, "exp": now + timedelta(minutes=5)}
    return jwt.encode(claims | changes, apple.private_key, algorithm="ES256")


def post(url: str, **form: str) -> tuple[int, Any]:
    data = urllib.parse.urlencode(form).encode()
    try:
        with urllib.request.urlopen(url, data=data) as answer:  # noqa: S310 - our own http
            return answer.status, json.loads(answer.read() or "null")
    except HTTPError as error:
        with error:
            return error.code, json.loads(error.read())


def test_a_token_is_verified_by_the_keys_that_are_served(apple: DevApple, url: str) -> None:
    token = apple.token(
        subject=subject_for("ana@example.com"), email="ana@example.com", now=datetime.now(UTC)
    )
    with urllib.request.urlopen(f"{url}/auth/keys") as answer:  # noqa: S310 - our own http
        keys = jwt.PyJWKSet.from_dict(json.load(answer))
    claims = jwt.decode(token, keys["dev-apple-1"], algorithms=["ES256"], audience=BUNDLE, issuer=ISSUER)
    assert (claims["email_verified"], claims["exp"] - claims["iat"]) == ("true", 86_400)
    assert not {"name", "given_name", "typ"} & claims.keys()
    assert "typ" not in jwt.get_unverified_header(token)


def test_a_hidden_address_says_so(apple: DevApple) -> None:
    token = apple.token(subject="1", email=relay_for("ana@example.com"), now=datetime.now(UTC))
    claims = jwt.decode(token, options={"verify_signature": False})
    assert claims["email"].endswith("@privaterelay.appleid.com")
    assert claims["is_private_email"] == "true"


def test_a_code_is_exchanged_once_and_its_token_taken_back(apple: DevApple, url: str) -> None:
    form = {"grant_type": "authorization_code", "client_id": BUNDLE, "client_secret": secret(apple)}
    code = apple.code()
    status, answer = post(f"{url}/auth/token", code=code, **form)
    assert (status, answer["token_type"]) == (200, "Bearer")
    assert post(f"{url}/auth/token", code=code, **form) == (400, {"error": "invalid_grant"})
    del form["grant_type"]
    assert post(f"{url}/auth/revoke", token=answer["refresh_token"], **form) == (200, None)
    with urllib.request.urlopen(f"{url}/seen") as seen:  # noqa: S310 - our own http
        told = json.load(seen)
    assert [each["code"] for each in told["exchanged"]] == [code]
    assert told["revoked"] == [answer["refresh_token"]]


@pytest.mark.parametrize(
    "changes", [{"aud": "https://evil.example"}, {"sub": "com.example.evil"}, {"exp": 1}]
)
def test_a_secret_that_does_not_fit_exchanges_nothing(
    apple: DevApple, url: str, changes: dict[str, object]
) -> None:
    form = {"grant_type": "authorization_code", "client_id": BUNDLE, "code": apple.code()}
    told = post(f"{url}/auth/token", client_secret=secret(apple, **changes), **form)
    assert told == (400, {"error": "invalid_client"})


def test_the_key_stays_and_is_private(tmp_path: Path) -> None:
    first, second = DevApple(tmp_path), DevApple(tmp_path)
    assert first.jwks() == second.jwks()
    assert (tmp_path / "private.pem").stat().st_mode & 0o777 == 0o600


def test_an_address_has_one_subject_whatever_its_case() -> None:
    assert subject_for("ana@example.com") == subject_for("Ana@Example.com")
    assert subject_for("ana@example.com") != subject_for("ben@example.com")
