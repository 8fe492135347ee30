"""Whoever an alarm wakes finds its entry in the runbook, and no entry is of an alarm that is no more."""

import re
from pathlib import Path

from chalicelib.observation.metrics import ALARMING, NAMESPACE

PROJECT = Path(__file__).resolve().parents[2]
ENTRY = re.compile(r"^### ([a-z-]+)$", re.MULTILINE)
NAMED = re.compile(r"docs/runbook\.md#([a-z-]+)")
ALARMS = PROJECT / "infra" / "modules" / "observability" / "alarms.tf"


def test_every_alarm_has_its_entry_and_every_entry_its_alarm() -> None:
    named = {
        name for file in (PROJECT / "infra" / "modules").rglob("*.tf") for name in NAMED.findall(_text(file))
    }
    assert set(ENTRY.findall(_text(PROJECT / "docs" / "runbook.md"))) == named


def test_every_entry_says_what_it_means_where_to_look_and_what_to_do() -> None:
    for entry in re.split(r"^### ", _text(PROJECT / "docs" / "runbook.md"), flags=re.MULTILINE)[1:]:
        assert [word for word in ("Means", "Look", "Do") if f"- **{word}:** " not in entry] == [], entry


def test_an_alarm_waits_for_each_event_that_the_application_counts_for_one() -> None:
    text = _text(ALARMS)
    events = text[text.index("  events = {") : text.index("  alarms = merge(")]
    assert set(re.findall(r"^    ([a-z_]+) = \{$", events, re.MULTILINE)) == ALARMING
    assert re.search(r'^  namespace = "([^"]+)"', text, re.MULTILINE)[1] == NAMESPACE  # type: ignore[index] # there


def _text(file: Path) -> str:
    return file.read_text(encoding="utf-8")
