"""Answers as a parameter, and where a person stands as a column: `consent_parts` writes and selects them."""

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TypedDict

from chalicelib.domain.consents import ConsentAnswer, ConsentState


class StateJson(TypedDict):
    """Where a person stands on one document, as JSON."""

    document: str
    version: str
    locale: str
    sha256: str
    required: bool
    granted_version: str | None
    granted_until: str | None


ANSWER_COLUMNS = ("document", "version", "action", "method", "shown_in")


def as_parameter(answers: Iterable[ConsentAnswer]) -> str:
    """Return answers as the value of :p_answers."""
    values = (
        (answer.document, answer.version, answer.action.value, answer.method, answer.locale)
        for answer in answers
    )
    rows = [dict(zip(ANSWER_COLUMNS, value, strict=True)) for value in values]
    return json.dumps(rows, separators=(",", ":"))


def read_states(value: Sequence[StateJson] | None) -> tuple[ConsentState, ...]:
    """Return what consent_states in sql/consents.sql returned."""
    return tuple(_read_state(state) for state in value or ())


def _read_state(state: StateJson) -> ConsentState:
    until = state["granted_until"]
    return ConsentState(
        document=state["document"],
        version=state["version"],
        locale=state["locale"],
        sha256=state["sha256"],
        required=state["required"],
        granted_version=state["granted_version"],
        granted_until=datetime.fromisoformat(until) if until else None,
    )
