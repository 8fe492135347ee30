"""The development Google is like the real one, and everybody is always the same person there."""

import json
import urllib.request
from datetime import UTC, datetime
from pathlib import Path

import jwt
import pytest

from local.dev_google import AUDIENCE, ISSUER, DevGoogle, subject_for


@pytest.fixture(scope="module")
def google(tmp_path_factory: pytest.TempPathFactory) -> DevGoogle:
    return DevGoogle(tmp_path_factory.mktemp("google"))


def test_a_token_is_verified_by_the_keys_that_are_served(google: DevGoogle) -> None:
    token = google.token(
        subject="1", email="ana@example.com", name="Ana Diaz", now=datetime.now(UTC), nonce="abc"
    )
    with google.serve() as url, urllib.request.urlopen(url) as answer:  # noqa: S310 - our own http
        keys = jwt.PyJWKSet.from_dict(json.load(answer))
        assert answer.headers["Cache-Control"].startswith("public, max-age=")
    claims = jwt.decode(token, keys["dev-1"], algorithms=["RS256"], audience=AUDIENCE, issuer=ISSUER)
    assert (claims["given_name"], claims["family_name"], claims["nonce"]) == ("Ana", "Diaz", "abc")
    assert claims["exp"] - claims["iat"] == 3600
    assert claims["azp"] == AUDIENCE


def test_two_tokens_of_one_moment_differ(google: DevGoogle) -> None:
    now = datetime.now(UTC)
    tokens = {google.token(subject="1", email="a@example.com", name="A", now=now) for _ in range(2)}
    assert len(tokens) == 2


def test_the_key_stays_and_is_private(tmp_path: Path) -> None:
    first, second = DevGoogle(tmp_path), DevGoogle(tmp_path)
    assert first.jwks() == second.jwks()
    assert (tmp_path / "private.pem").stat().st_mode & 0o777 == 0o600


def test_an_address_has_one_subject_whatever_its_case() -> None:
    assert subject_for("ana@example.com") == subject_for("Ana@Example.com")
    assert subject_for("ana@example.com") != subject_for("ben@example.com")
    assert len(subject_for("ana@example.com")) == 21
