"""What developers and operators type beside a running `make run`, by the Makefile's own recipes."""

import json
import re

import pytest

from tests.commands import copying
from tests.commands.conftest import WHO, Stack

SIGN_UP = re.compile(r"^curl .*?\}'$", re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def ana(stack: Stack) -> dict[str, object]:
    """What the command that `make run` prints is answered; the person it makes."""
    [command] = SIGN_UP.findall((stack.folder / "run.log").read_text())
    command = command.replace("make -s", " ".join((*copying.AS_IT_IS, "-s")))
    done = copying.run(stack.folder, ("bash", "-euo", "pipefail", "-c", command))
    assert done.returncode == 0, done.stderr
    answer: dict[str, object] = json.loads(done.stdout)
    stack.user_ids["ana"] = answer["user"]["id"]  # type: ignore[index] # JSON
    return answer


@pytest.fixture
def whom(stack: Stack, ana: dict[str, object]) -> str:
    return f"USER_ID={stack.user_ids['ana']}"


def test_the_printed_command_signs_up_and_settings_of_the_shell_count(ana: dict[str, object]) -> None:
    assert (ana["is_new_user"], ana["expires_in"]) == (True, 120)


def test_a_token_is_for_whom_it_was_asked(stack: Stack) -> None:
    nothing = stack.make("-s", "token").strip()
    assert nothing.count(".") == 2
    assert stack.make("-s", "token", "PROVIDER=apple", "EMAIL=ben@example.com", "NONCE=n").count(".") == 2
    assert stack.make("-s", "token", "NAME=Ben Okafor", "SUBJECT=1", "CLIENT=other").count(".") == 2
    assert stack.refused("token", "PROVIDER=nobody").startswith("PROVIDER=: invalid choice: 'nobody'")


@pytest.mark.usefixtures("ana")
def test_consents_are_counted(stack: Stack) -> None:
    told = stack.make("consents", "DOCUMENT=terms_of_service", "VERSION=9.0")
    assert re.search(r"would be narrowed +1$", told, re.MULTILINE)
    assert json.loads(stack.make("consents", "JSON=1"))["people"] == 1
    assert stack.refused("consents", "DOCUMENT=terms_of_service") == (
        "Refused: name a published document and a version of it, both."
    )


@pytest.mark.usefixtures("ana")
def test_an_operator_finds_shows_exports_and_acts(stack: Stack, whom: str) -> None:
    assert stack.user_ids["ana"] in stack.operate("find", "EMAIL=ana@example.com")
    assert "ana@example.com" not in stack.operate("show", whom)
    assert "ana@example.com" not in stack.operate("show", whom, "REVEAL=0")
    assert "ana@example.com" in stack.operate("show", whom, "REVEAL=1")
    assert json.loads(stack.operate("export", whom))["part"] == 1
    beyond = stack.refused("operate", "ACT=export", whom, "PART=2", *WHO)
    assert beyond == "There is no part 2; the last one is PART=1."
    assert "suspended" in stack.operate("suspend", whom, "EMERGENCY=1")
    assert "active" in stack.operate("reinstate", whom)
    assert json.loads(stack.operate("end-sessions", whom, "JSON=1"))["changed"] is False


def test_what_is_forgotten_is_named_as_make_has_it(stack: Stack) -> None:
    assert stack.refused("operate") == "The following arguments are required: ACT=, ACTOR=, REASON="
    assert stack.refused("operate", "ACT=show", "ACTOR=me", "REASON=x1").startswith(
        "Whose account? Type USER_ID="
    )
    told = stack.refused("operate", "ACT=show", "USER_ID=ana", "ACTOR=me", "REASON=x1")
    assert told.startswith("Refused: USER_ID= is an id like ")
    assert stack.refused("keys", "ACT=retire", "USE=challenge").startswith(
        "Which key? Type KID=, or USE= and"
    )


def test_keys_are_shown_rotated_and_walked(stack: Stack, whom: str) -> None:
    assert whom  # somebody whose keys are shown
    assert "people's keys" in stack.make("keys")
    assert json.loads(stack.make("keys", "JSON=1"))["is_complete"] is True
    assert json.loads(stack.make("keys", "ACT=rotate", "USE=refresh_token"))["version"] == 2
    retired = ("keys", "ACT=retire", "USE=refresh_token", "VERSION=1", *WHO)
    assert json.loads(stack.make(*retired))["successor"] == 2
    for walk in ("rewrap", "reindex", "sweep"):
        assert json.loads(stack.make("keys", f"ACT={walk}"))["is_done"] is True


def test_the_audit_record_is_sealed_verified_and_exported(stack: Stack) -> None:
    assert json.loads(stack.make("audit-seal"))["events"] >= 0  # the stack's own schedule may have been first
    told = stack.make("audit-verify", "FIRST=1")
    assert re.search(r"^events +[1-9]", told, re.MULTILINE)
    assert "Everything is as it was sealed." in told
    stack.make("audit-export", "FILE=audit.jsonl")
    assert "Everything is as it was sealed." in stack.make("audit-verify", "BUNDLE=audit.jsonl")
    assert stack.refused("audit-verify", "FIRST=none") == "FIRST=: 'none' isn't a whole number from 1"


def test_a_restored_database_is_made_ready(stack: Stack) -> None:
    assert json.loads(stack.make("restore"))["erasures"] == 0


@pytest.mark.usefixtures("ana")
def test_an_account_is_erased(stack: Stack, whom: str) -> None:
    assert "completed" in stack.operate("erase", whom)
    assert stack.refused("operate", "ACT=suspend", whom, *WHO) == (
        "Refused: Nothing is found here (not_found)."
    )


def test_a_second_run_says_where_the_first_is(stack: Stack) -> None:
    assert stack.url in stack.refused("run")


def test_it_is_stopped_from_another_shell_and_cleaned_away(stack: Stack) -> None:
    assert stack.make("stop").endswith("Stopped.\n")
    stack.process.wait()
    assert stack.refused("restore") == "Nothing is running. Start it with: make run"
    assert copying.make(stack.folder, "clean").returncode == 0
    places = (".venv", ".local", "chalicelib/__pycache__")
    assert [place for place in places if (stack.folder / place).exists()] == []
