"""Messages name what was typed; the Makefile passes what each command takes."""

import argparse

import pytest

from local.__main__ import main, parser
from local.command_line import CommandLine, seconds, typed, whole_number


def said(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    with pytest.raises(SystemExit) as ended:
        parser().parse_args(words)
    assert ended.value.code == 2
    return capsys.readouterr().err


def test_behind_make_a_missing_option_is_named_as_make_s(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CALLED_BY", "make")
    assert said(capsys, "operate") == "The following arguments are required: ACT=, ACTOR=, REASON=\n"
    wrong = said(capsys, "operate", "fly", "--actor", "a", "--reason", "b")
    assert wrong.startswith("ACT=: invalid choice: 'fly'")
    wrong = said(capsys, "operate", "export", "--part", "two", "--actor", "a", "--reason", "b")
    assert wrong == "PART=: 'two' isn't a whole number from 1\n"
    assert (typed("user_id"), typed("part", 2)) == ("USER_ID=", "PART=2")


def test_elsewhere_it_is_named_as_the_shell_s(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("CALLED_BY", raising=False)
    told = said(capsys, "operate", "find", "--actor", "a")
    assert "--reason" in told
    assert "usage: python -m local operate" in told
    assert (typed("user_id"), typed("part", 2)) == ("--user-id", "--part 2")


def test_a_network_is_good_or_bad_and_its_seed_a_number(capsys: pytest.CaptureFixture[str]) -> None:
    assert "invalid choice: 'awful'" in said(capsys, "run", "--network", "awful")
    assert "'x' isn't a whole number from 1" in said(capsys, "run", "--network", "bad", "--seed", "x")
    options = parser().parse_args(["run", "--network", "bad", "--seed", "8"])
    assert (options.network, options.seed) == ("bad", 8)


@pytest.mark.parametrize("text", ["0", "-1", "1.5", "x", "", "٣"])
def test_what_is_no_whole_number_is_refused_in_words(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="isn't a whole number from 1"):
        whole_number()(text)


@pytest.mark.parametrize("text", ["0", "-1", "nan", "inf", "x", ""])
def test_what_is_no_number_of_seconds_is_refused_in_words(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="isn't a number of seconds"):
        seconds(text)


def test_a_user_s_own_words_are_left_alone(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CALLED_BY", "make")
    command = CommandLine(prog="x")
    command.add_argument("--stage", choices=("dev",))
    with pytest.raises(SystemExit):
        command.parse_args(["--stage", "a--b"])
    assert "'a--b'" in capsys.readouterr().err


@pytest.mark.usefixtures("running")
def test_restore_makes_a_restored_database_ready(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["restore"]) == 0
    assert '"erasures": 0' in capsys.readouterr().out
