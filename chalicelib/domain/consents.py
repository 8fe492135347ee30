"""What people are asked to agree to, identified by the hash of the exact words they saw."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

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
    """One answer of a person to one version of one document, in the language they were shown.

    ``method``: "onboarding", "settings", "prompt", or "bundle:NAME" where one box stands for several.
    """

    document: str
    version: str
    granted: bool
    locale: str
    method: str

    @property
    def action(self) -> ConsentAction:
        """Return the event that this answer is."""
        return ConsentAction.GRANTED if self.granted else ConsentAction.REFUSED


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentState:
    """A current document, and what of it a person granted.

    ``granted_version`` is that of their last answer if it is a grant. ``granted_until`` is when the grace of
    newer versions ends it; None for a grant of the current version.
    """

    document: str
    version: str
    locale: str
    sha256: str
    required: bool
    granted_version: str | None
    granted_until: datetime | None

    def is_granted(self, now: datetime) -> bool:
        """Tell whether the person agrees to this, by the words in force or by ones whose grace still runs."""
        return self.granted_version is not None and (self.granted_until is None or now < self.granted_until)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentEvent:
    """One line of a person's consent history."""

    document: str
    version: str
    locale: str
    sha256: str
    action: ConsentAction
    method: str
    app_version: str | None
    session_id: UUID
    occurred_at: datetime


@dataclass(slots=True, kw_only=True)
class AnsweredText:
    """What a text that a person answered says of itself, for their receipt."""

    kind: str
    version: str
    locale: str
    purpose: str
    legal_basis: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How many active people gave this last answer to a document; without a version, none at all."""

    document: str
    version: str | None
    action: ConsentAction | None
    people: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentCoverage:
    """How active people stand: in all, narrowed now, narrowed too if the version in question took effect."""

    standings: tuple[Standing, ...]
    people: int
    narrowed: int
    would_be_narrowed: int


class NoSuchDocument(Exception):
    """An operator named a document that was never published."""


def missing(states: Iterable[ConsentState], now: datetime) -> tuple[MissingConsent, ...]:
    """Return the required documents that are not granted."""
    return tuple(
        MissingConsent(document=state.document, version=state.version, sha256=state.sha256)
        for state in states
        if state.required and not state.is_granted(now)
    )


def scopes(
    states: Iterable[ConsentState], absent: tuple[MissingConsent, ...], now: datetime
) -> frozenset[Scope]:
    """Return what a token may open: a person's own data always, the rest as far as they agreed.

    `absent` is what `missing` returns of the same states.
    """
    known = tuple(states)
    if absent or not any(state.required for state in known):
        return ALWAYS_OPEN
    granted = (state.document for state in known if state.is_granted(now))
    optional = {OPENED_BY_OPTIONAL[document] for document in granted if document in OPENED_BY_OPTIONAL}
    return ALWAYS_OPEN | OPENED_BY_REQUIRED | optional


def check_answers(answers: tuple[ConsentAnswer, ...], current: Iterable[ConsentState]) -> None:
    """Let answers through that name each current document at most once, at its current version.

    Raises:
        InvalidInput: an unknown document, or one that is named twice.
        ConsentOutdated: a version that is not the current one.
    """
    by_kind = {state.document: state for state in current}
    unknown = [i for i, answer in enumerate(answers) if answer.document not in by_kind]
    refused = sorted({*unknown, *_repeated(answers)})
    if refused:
        raise InvalidInput(faults=_faults(refused, "document", "not_allowed"))
    outdated = [i for i, answer in enumerate(answers) if answer.version != by_kind[answer.document].version]
    if outdated:
        raise ConsentOutdated(faults=_faults(outdated, "version", "not_current"))


def _faults(places: Iterable[int], name: str, code: str) -> tuple[Fault, ...]:
    return tuple(Fault(pointer=f"/consents/{place}/{name}", code=code) for place in places)


def check_each_once(answers: tuple[ConsentAnswer, ...]) -> None:
    """Let answers through that name no document twice.

    Raises:
        InvalidInput: one does.
    """
    repeated = _repeated(answers)
    if repeated:
        raise InvalidInput(faults=_faults(repeated, "document", "not_allowed"))


def _repeated(answers: tuple[ConsentAnswer, ...]) -> list[int]:
    documents = [answer.document for answer in answers]
    return [place for place, document in enumerate(documents) if document in documents[:place]]


def after(states: Iterable[ConsentState], answers: Iterable[ConsentAnswer]) -> tuple[ConsentState, ...]:
    """Return the states once these answers are recorded."""
    given = {(answer.document, answer.version): answer for answer in answers}
    return tuple(_answered(state, given.get((state.document, state.version))) for state in states)


def after_withdrawal(states: Iterable[ConsentState], document: str) -> tuple[ConsentState, ...]:
    """Return the states once a consent is withdrawn."""
    return tuple(_refused(state) if state.document == document else state for state in states)


def require_all(answers: Iterable[ConsentAnswer], current: Iterable[ConsentState], now: datetime) -> None:
    """Let a new account through that grants every required document at its current version.

    A missing field is not consent, and neither is consent to another version.

    Raises:
        ConsentRequired: with the documents that are missing or refused.
    """
    absent = missing(after(current, answers), now)
    if absent:
        raise ConsentRequired(consents_missing=absent)


def _answered(state: ConsentState, answer: ConsentAnswer | None) -> ConsentState:
    if answer is None:
        return state
    if not answer.granted:
        return _refused(state)
    if state.granted_version == state.version and state.granted_until is None:
        return state
    return replace(state, granted_version=state.version, granted_until=None)


def _refused(state: ConsentState) -> ConsentState:
    return replace(state, granted_version=None, granted_until=None)
