"""A person's answers to documents (sql/consents.sql)."""

from collections.abc import Sequence
from datetime import datetime
from typing import TypedDict
from uuid import UUID

from chalicelib.domain.consents import AnsweredText, ConsentAction, ConsentAnswer, ConsentEvent
from chalicelib.domain.dpop import Proof
from chalicelib.domain.sessions import OwnSession
from chalicelib.postgres.calls import Call, Row
from chalicelib.stores import consent_rows
from chalicelib.stores.consent_rows import StateJson
from chalicelib.stores.database import Database
from chalicelib.stores.proofs import ProofParameters, used
from chalicelib.stores.session_rows import OwnRow, SessionRow, read_own


class AnswerJson(TypedDict):
    """One line of a person's history, as JSON, with what its text says of itself."""

    kind: str
    version: str
    locale: str
    sha256: str
    action: str
    method: str
    app_version: str | None
    session_id: str
    occurred_at: str
    purpose: str
    legal_basis: str


class AnswerConsents(Call[OwnRow], function="answer_consents"):
    p_session_id: UUID
    p_answers: str
    p_app_version: str | None
    p_locale: str
    proof: ProofParameters
    p_now: datetime
    p_request_id: str


class WithdrawConsent(Call[OwnRow], function="withdraw_consent"):
    p_session_id: UUID
    p_document: str
    p_method: str
    p_app_version: str | None
    p_locale: str
    proof: ProofParameters
    p_now: datetime
    p_request_id: str


class ConsentsRow(Row):
    """A session with where its person stands, and their history; nulls if there is none."""

    own: SessionRow | None
    states: list[StateJson] | None
    history: list[AnswerJson] | None


class ReadConsents(Call[ConsentsRow], function="read_consents"):
    p_session_id: UUID
    p_locale: str
    proof: ProofParameters
    p_now: datetime


class ConsentStore:
    """What answering documents reads and writes."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def answer(
        self,
        session_id: UUID,
        answers: tuple[ConsentAnswer, ...],
        *,
        proof: Proof | None,
        app_version: str | None,
        locale: str,
        now: datetime,
        request_id: str,
    ) -> OwnSession | None:
        """Append the answers if the session is live and all of them fit; return what stood before."""
        row = self._database.one(
            AnswerConsents(
                p_session_id=session_id,
                p_answers=consent_rows.as_parameter(answers),
                p_app_version=app_version,
                p_locale=locale,
                proof=used(proof),
                p_now=now,
                p_request_id=request_id,
            )
        )
        return read_own(row.own, row.states) if row.own else None

    def withdraw(
        self,
        session_id: UUID,
        document: str,
        method: str,
        *,
        proof: Proof | None,
        app_version: str | None,
        locale: str,
        now: datetime,
        request_id: str,
    ) -> OwnSession | None:
        """Append the withdrawal if the session is live and there is a grant; return what stood before."""
        row = self._database.one(
            WithdrawConsent(
                p_session_id=session_id,
                p_document=document,
                p_method=method,
                p_app_version=app_version,
                p_locale=locale,
                proof=used(proof),
                p_now=now,
                p_request_id=request_id,
            )
        )
        return read_own(row.own, row.states) if row.own else None

    def read(
        self, session_id: UUID, *, proof: Proof | None, locale: str, now: datetime
    ) -> tuple[OwnSession | None, tuple[ConsentEvent, ...], tuple[AnsweredText, ...]]:
        """Return a session in any state, and of a live one all answers and what their texts say."""
        row = self._database.one(
            ReadConsents(p_session_id=session_id, p_locale=locale, proof=used(proof), p_now=now)
        )
        own = read_own(row.own, row.states) if row.own else None
        lines = row.history or []
        return own, tuple(read_answer(line) for line in lines), _texts(lines)


def read_answer(line: AnswerJson) -> ConsentEvent:
    """Return a line of a person's history."""
    return ConsentEvent(
        document=line["kind"],
        version=line["version"],
        locale=line["locale"],
        sha256=line["sha256"],
        action=ConsentAction(line["action"]),
        method=line["method"],
        app_version=line["app_version"],
        session_id=UUID(line["session_id"]),
        occurred_at=datetime.fromisoformat(line["occurred_at"]),
    )


def _texts(lines: Sequence[AnswerJson]) -> tuple[AnsweredText, ...]:
    return tuple(
        AnsweredText(
            kind=line["kind"],
            version=line["version"],
            locale=line["locale"],
            purpose=line["purpose"],
            legal_basis=line["legal_basis"],
        )
        for line in lines
    )
