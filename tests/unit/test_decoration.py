"""What is only shown never keeps anybody out: it is cleaned, cut, or absent."""

import unicodedata
from zoneinfo import available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.decoration import DEVICE_NAME, PICTURE, Decoration, cut
from chalicelib.domain.languages import LANGUAGE_CHARS_MAX, language_tag
from chalicelib.domain.time_zones import time_zone

FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467"
SPAIN = "\U0001f1ea\U0001f1f8"


@pytest.mark.parametrize(
    ("text", "chars_max", "kept"),
    [
        ("Ana", 3, "Ana"),
        ("Ana Diaz", 4, "Ana"),
        ("cafe\u0301s", 4, "caf"),
        ("cafe\u0301s", 5, "cafe\u0301"),
        ("x" + FAMILY, 5, "x"),
        ("x" + FAMILY, 6, "x" + FAMILY),
        ("x\U0001f44d\U0001f3fd", 2, "x"),
        ("x\u2764\ufe0f", 2, "x"),
        ("x" + SPAIN * 2, 2, "x"),
        ("x" + SPAIN * 2, 4, "x" + SPAIN),
        ("\u1112\u1161\u11ab" * 2, 4, "\u1112\u1161\u11ab"),
        ("e" + "\u0301" * 99, 9, "e" + "\u0301" * 8),  # a single character that is longer than the limit
    ],
)
def test_a_text_is_cut_at_a_character(text: str, chars_max: int, kept: str) -> None:
    assert cut(text, chars_max) == kept


@given(st.text(), st.integers(1, 12), st.integers(4, 40))
def test_what_is_kept_is_clean_and_bounded_and_kept_again_as_it_is(
    text: str, chars_max: int, bytes_max: int
) -> None:
    decoration = Decoration(chars_max=chars_max, bytes_max=bytes_max)
    kept = decoration.keep(text)
    if kept is None:
        return
    assert 1 <= len(kept) <= chars_max
    assert len(kept.encode()) <= bytes_max
    assert kept == kept.strip()
    assert not {unicodedata.category(each) for each in kept} & {"Cc", "Cs", "Zl", "Zp"}
    assert decoration.keep(kept) == kept


@pytest.mark.parametrize("value", [None, 7, True, 1.5, [], {}, ["Ana"]])
def test_another_json_type_is_absent(value: object) -> None:
    assert DEVICE_NAME.keep(value) is None


def test_a_part_of_an_address_is_another_address_so_it_is_dropped_instead() -> None:
    assert PICTURE.keep("https://a.example/" + "x" * 2048) is None
    assert PICTURE.keep("https://a.example/\n") == "https://a.example/"


@pytest.mark.parametrize(
    ("text", "tag"),
    [
        ("en", "en"),
        ("EN-us", "en-US"),
        ("pt_BR", "pt-BR"),
        ("es-419", "es-419"),
        ("ZH-HANT-tw", "zh-Hant-TW"),
        ("zh_TW_#Hant", "zh-Hant-TW"),
        ("sr__#Latn", "sr-Latn"),
        ("en-US-u-mu-celsius", "en-US"),
        ("de-DE-t-en-m0-x", "de-DE"),
        ("fr-x-private", "fr"),
        ("ca-ES-valencia", "ca-ES"),
        ("sl-rozaj-biske-1994", "sl"),
        ("de-CH-1996", "de-CH"),
        ("en-US-POSIX", "en-US"),
        ("en_US@calendar=japanese;rg=gbzzzz", "en-US"),
        ("en_US.UTF-8", "en-US"),
        ("zh-yue-HK", "yue-HK"),
        ("iw_IL", "he-IL"),
        ("in", "id"),
        ("en-" + "u-" + "-".join(["abcdefgh"] * 40), "en"),
        ("", None),
        ("x", None),
        ("x-private", None),
        ("i-klingon", None),
        ("english", None),
        ("en US", None),
        ("en-!", None),
        ("en-abcdefghi", None),
        ("419", None),
        ("ñ", None),
    ],
)
def test_languages_are_read_as_phones_write_them(text: str, tag: str | None) -> None:
    assert language_tag(text) == tag


@given(st.text() | st.from_regex(r"[A-Za-z]{2,3}([-_]#?[A-Za-z0-9]{1,8}){0,6}", fullmatch=True))
def test_a_tag_is_short_and_read_again_as_it_is(text: str) -> None:
    tag = language_tag(text)
    assert tag is None or (len(tag) <= LANGUAGE_CHARS_MAX and language_tag(tag) == tag)


@pytest.mark.parametrize(
    ("text", "zone"),
    [
        ("Europe/Madrid", "Europe/Madrid"),
        ("europe/madrid", "Europe/Madrid"),
        ("America/Argentina/Buenos_Aires", "America/Argentina/Buenos_Aires"),
        ("Asia/Calcutta", "Asia/Calcutta"),
        ("US/Pacific", "US/Pacific"),
        ("EST5EDT", "EST5EDT"),
        ("UTC", "UTC"),
        ("Etc/GMT-3", "Etc/GMT-3"),
        ("GMT", "GMT"),
        ("GMT+05:30", "GMT+05:30"),
        ("GMT+0530", "GMT+05:30"),
        ("GMT-3", "GMT-03:00"),
        ("GMT-03:00", "GMT-03:00"),
        ("UTC+1", "GMT+01:00"),
        ("utc-0930", "GMT-09:30"),
        ("+14:00", "GMT+14:00"),
        ("GMT+0", "GMT"),
        ("GMT+00:00", "GMT"),
        ("GMT+19", None),
        ("GMT+05:60", None),
        ("GMT+123456", None),
        ("5", None),
        ("Mars/Olympus", None),
        ("Factory", None),
        ("../etc/passwd", None),
        ("", None),
        ("x" * 5000, None),
    ],
)
def test_zones_are_read_as_phones_write_them(text: str, zone: str | None) -> None:
    assert time_zone(text) == zone


def test_every_name_and_link_of_the_iana_database_is_a_zone() -> None:
    names = available_timezones() - {"Factory", "localtime", "posixrules"}
    unread = {name for name in names if time_zone(name) != name}
    assert unread <= {"GMT+0", "GMT-0"}  # which are GMT, too
