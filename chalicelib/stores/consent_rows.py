"""Answers as a parameter, and where a person stands as a column: `consent_parts` writes and selects them."""

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from chalicelib.domain.consents import ConsentAnswer, ConsentState

ANSWER_COLUMNS = ("document", "version", "action", "method", "shown_in")


def as_parameter(answers: Iterable[ConsentAnswer]) -> str:
    """Return answers as the value of :p_answers."""
    values = (
        (answer.document, answer.version, answer.action.value, answer.method, answer.locale)
        for answer in answers
    )
    return json.dumps([dict(zip(ANSWER_COLUMNS, value, strict=True)) for value in values])


def read_states(value: Sequence[dict[str, Any]] | None) -> tuple[ConsentState, ...]:
    """Return what `states_of` selected."""
    return tuple(_read_state(state) for state in value or ())


def _read_state(state: dict[str, Any]) -> ConsentState:
    until = state["granted_until"]
    return ConsentState(**{**state, "granted_until": datetime.fromisoformat(until) if until else None})
