import pytest

from chalicelib.domain.id_token_claims import ClaimRefused
from chalicelib.domain.profile_claims import read_profile
from tests.fakes import START
from tests.google import claims


def test_a_profile_holds_what_google_said() -> None:
    profile = read_profile(claims(START))
    assert (profile.email, profile.email_verified) == ("ada@example.com", True)
    assert (profile.name, profile.given_name, profile.family_name) == ("Ada Lovelace", "Ada", "Lovelace")
    assert profile.picture == "https://lh3.googleusercontent.com/a/ada=s96-c"


def test_a_token_without_profile_claims_gives_an_empty_profile() -> None:
    profile = read_profile({"sub": "1"})
    assert (profile.email, profile.name, profile.given_name, profile.family_name) == (None,) * 4
    assert (profile.picture, profile.email_verified) == (None, False)


@pytest.mark.parametrize(
    ("flag", "verified"), [(True, True), ("true", True), (False, False), ("false", False)]
)
def test_an_address_counts_only_when_google_verified_it(flag: object, verified: bool) -> None:  # noqa: FBT001 - a table  # GG5
    profile = read_profile(claims(START, email_verified=flag))
    assert profile.email == "ada@example.com"
    assert profile.email_verified is verified
    assert profile.verified_email == ("ada@example.com" if verified else None)


def test_an_address_that_nobody_vouches_for_is_unverified() -> None:  # GG5
    assert read_profile(claims(START, email_verified=...)).verified_email is None
    assert read_profile(claims(START, email=...)).email_verified is False


@pytest.mark.parametrize("flag", [1, "yes", "TRUE", "", ["true"], {}])
def test_a_flag_that_is_neither_true_nor_false_refuses_the_token(flag: object) -> None:
    with pytest.raises(ClaimRefused):
        read_profile(claims(START, email_verified=flag))


@pytest.mark.parametrize("name", ["email", "name", "given_name", "family_name", "picture"])
@pytest.mark.parametrize("value", [7, True, ["Ada"], {"first": "Ada"}])
def test_a_claim_of_the_wrong_type_is_dropped_and_the_person_let_in(name: str, value: object) -> None:
    assert getattr(read_profile(claims(START, **{name: value})), name) is None


@pytest.mark.parametrize("text", ["", " ", "\x7f", "\x85", "\u2028", "\ud800", "\u200b\ufeff", "\t\n"])
def test_a_name_of_which_nothing_shows_is_dropped_and_the_person_let_in(text: str) -> None:  # F-28
    assert read_profile(claims(START, name=text)).name is None


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("A\x00na", "Ana"),
        ("Ana\n", "Ana"),
        (" Ana \x9f Diaz ", "Ana  Diaz"),
        ("x" * 256, "x" * 255),
        ("x" * 254 + "e\u0301", "x" * 254),  # an accent stays with its letter
    ],
)
def test_a_name_is_cleaned_and_cut(text: str, kept: str) -> None:  # F-28
    assert read_profile(claims(START, name=text)).name == kept


@pytest.mark.parametrize(
    "text",
    [
        "O'Brien; DROP TABLE users",
        "<script>",
        "\u0639\u0644\u06cc\u200c\u0631\u0636\u0627",
        "\U0001f469\u200d\U0001f680",
        "x" * 255,
    ],
)
def test_a_name_that_is_only_unusual_is_kept(text: str) -> None:
    assert read_profile(claims(START, name=text)).name == text


@pytest.mark.parametrize(
    "text", ["ada", "@", "ada@", "@x", "a b@x", "a@b@c", "a@b\r\nBcc: c@d", "x" * 319 + "@x"]
)
def test_an_address_that_is_none_is_dropped(text: str) -> None:
    profile = read_profile(claims(START, email=text))
    assert (profile.email, profile.email_verified) == (None, False)


@pytest.mark.parametrize(
    "url",
    [
        "http://lh3.googleusercontent.com/a",
        "javascript:alert(1)",
        "data:image/png;base64,AAAA",
        "https:///a",
        "https://user@evil.example/a",
        "https://a.example\\@evil.example/",
        'https://a.example/"onload="x',
        "https://a.example/é",
        "https://a.example/ a",
        "HTTPS//a",
        "https://a.example/" + "x" * 2048,
    ],
)
def test_a_picture_that_is_no_plain_https_address_is_dropped(url: str) -> None:
    assert read_profile(claims(START, picture=url)).picture is None
