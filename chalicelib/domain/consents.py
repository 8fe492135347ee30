"""What people are asked to agree to, identified by the hash of the exact words they saw."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from chalicelib.domain.errors import ConsentOutdated, ConsentRequired, Fault, InvalidInput, MissingConsent
from chalicelib.domain.tokens import Scope

ALWAYS_OPEN = frozenset(
    {Scope.ACCOUNT, Scope.CONSENTS, Scope.LOGOUT, Scope.SESSIONS}
)  # one's own data, always
OPENED_BY_REQUIRED = frozenset({Scope.APP})
OPENED_BY_OPTIONAL: Mapping[str, Scope] = {"ai_processing": Scope.AI}


class ConsentAction(StrEnum):
    """What a person answered, or what happened to an answer."""

    GRANTED = "granted"
    REFUSED = "refused"
    SUPERSEDED = "superseded"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentDocument:
    """One published text: one kind, in one version and one language.

    `sha256` is the lower-case hex digest of `text`'s UTF-8 bytes; `effective_at` is aware UTC; `grace` is how
    long consent to the version before it still counts.
    """

    kind: str
    version: str
    locale: str
    title: str
    sha256: str
    legal_basis: str
    required: bool
    purpose: str
    effective_at: datetime
    grace: timedelta
    changes: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentAnswer:
    """One answer of a person to one version of one document."""

    document: str
    version: str
    granted: bool

    @property
    def action(self) -> ConsentAction:
        """Return the event that this answer is."""
        return ConsentAction.GRANTED if self.granted else ConsentAction.REFUSED


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentState:
    """A current document, and whether the person's latest answer to its kind grants this very version."""

    document: str
    version: str
    locale: str
    sha256: str
    required: bool
    granted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentEvent:
    """One line of a person's consent history."""

    document: str
    version: str
    locale: str
    sha256: str
    action: ConsentAction
    method: str
    occurred_at: datetime


def missing(states: Iterable[ConsentState]) -> tuple[MissingConsent, ...]:
    """Return the required documents that are not granted at their current version."""
    return tuple(
        MissingConsent(document=state.document, version=state.version, sha256=state.sha256)
        for state in states
        if state.required and not state.granted
    )


def scopes(states: Iterable[ConsentState]) -> frozenset[Scope]:
    """Return what a token may open: a person's own data always, the rest as far as they agreed."""
    known = tuple(states)
    if missing(known):
        return ALWAYS_OPEN
    optional = {
        OPENED_BY_OPTIONAL[s.document] for s in known if s.granted and s.document in OPENED_BY_OPTIONAL
    }
    return ALWAYS_OPEN | OPENED_BY_REQUIRED | optional


def check_answers(answers: tuple[ConsentAnswer, ...], current: Iterable[ConsentState]) -> None:
    """Let answers through that name each current document at most once, at its current version.

    Raises:
        InvalidInput: an unknown document, or one that is named twice.
        ConsentOutdated: a version that is not the current one.
    """
    by_kind = {state.document: state for state in current}
    refused = _unknown_or_twice(answers, by_kind)
    if refused:
        raise InvalidInput(
            faults=tuple(Fault(pointer=f"/consents/{i}/document", code="not_allowed") for i in refused)
        )
    outdated = [i for i, answer in enumerate(answers) if answer.version != by_kind[answer.document].version]
    if outdated:
        raise ConsentOutdated(
            faults=tuple(Fault(pointer=f"/consents/{i}/version", code="not_current") for i in outdated)
        )


def _unknown_or_twice(answers: tuple[ConsentAnswer, ...], known: Mapping[str, ConsentState]) -> list[int]:
    seen: set[str] = set()
    refused = []
    for i, answer in enumerate(answers):
        if answer.document not in known or answer.document in seen:
            refused.append(i)
        seen.add(answer.document)
    return refused


def after(states: Iterable[ConsentState], answers: Iterable[ConsentAnswer]) -> tuple[ConsentState, ...]:
    """Return the states once these answers are recorded."""
    given = {(answer.document, answer.version): answer.granted for answer in answers}
    return tuple(
        replace(state, granted=given.get((state.document, state.version), state.granted)) for state in states
    )


def require_all(answers: Iterable[ConsentAnswer], current: Iterable[ConsentState]) -> None:
    """Let a new account through that grants every required document at its current version.

    A missing field is not consent, and neither is consent to another version.

    Raises:
        ConsentRequired: with the documents that are missing or refused.
    """
    absent = missing(after(current, answers))
    if absent:
        raise ConsentRequired(consents_missing=absent)
