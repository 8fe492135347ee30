"""Signing in, each way in one statement: a known person opens a session, a new one an account with it.

A known person's row is locked first, in the same message: the statement's snapshot begins when it is held, so
that it sees a suspension, a withdrawal, and another sign-in on the same device that were in flight.
"""

from dataclasses import asdict, replace
from typing import Any

import psycopg2
from psycopg2 import errors as psycopg2_errors

from chalicelib.domain.sign_in import Conflict, Entry, NewPerson, NewSession, UsedIdToken
from chalicelib.stores import consent_rows, limits
from chalicelib.stores.database import Database
from chalicelib.stores.described import described
from chalicelib.stores.prepared import Row
from chalicelib.stores.session_rows import read_own, read_person
from chalicelib.stores.subject_locks import subject_locks

statements = described("sign_in_statements")
_CONFLICTS = {
    "uq_identities_provider_subject_index": Conflict.IDENTITY,
    "pk_users": Conflict.IDENTITY,
    "pk_used_id_tokens": Conflict.ID_TOKEN,
    "pk_challenges": Conflict.NONCE,
}
_PLAIN = (
    *("provider", "index_version", "subject_index", "token_hash", "token_expires_at", "session_id"),
    *("device_id", "device_index", "platform", "client_id", "now", "idle_expires_at", "expires_at"),
    *("jkt", "profile", "profile_digest", "locale", "app_version", "request_id"),
)


class SignInStore:
    """What signing in reads and writes."""

    def __init__(self, database: Database) -> None:
        """Take the database."""
        self._database = database

    def open_session(self, new: NewSession) -> Entry:
        """Open a session for a known, active person with unused token and nonce and fitting answers."""
        parameters = _parameters(new)
        row = self._database.row(statements.OPEN_SESSION, parameters, behind=statements.LOCK_PERSON)
        return replace(_entry(row), taken=limits.read_taken(row, new.place))

    def create_account(self, new: NewSession, person: NewPerson) -> Entry | Conflict:
        """Make a person with their first session, whole or not at all.

        The entry has no session when the answers no longer grant every document that is required now.
        """
        parameters = _parameters(new) | {f"p_person_{name}": value for name, value in asdict(person).items()}
        try:
            row = self._created(new, parameters)
        except psycopg2.IntegrityError as error:
            conflict = _CONFLICTS.get(_constraint(error))
            if conflict is None:
                raise
            return conflict
        if row is not None and not row.knows_every_key:
            return Conflict.INDEX_KEY
        return _entry(row)

    def _created(self, new: NewSession, parameters: dict[str, Any]) -> Row | None:
        if len(new.index_versions) == 1:
            return self._database.row(statements.CREATE_ACCOUNT, parameters)
        locks = {"p_locks": subject_locks(new.subject_indexes)}
        return self._database.row_behind(
            statements.LOCK_SUBJECT, statements.CREATE_ACCOUNT, parameters | locks
        )

    def used_id_token(self, new: NewSession) -> UsedIdToken | None:
        """Return the session that this ID token opened before, if it did."""
        row = self._database.row(statements.USED_ID_TOKEN, _parameters(new))
        if row is None:
            return None
        return UsedIdToken(own=read_own(row, row.states), used_at=row.used_at, same_device=row.same_device)


def _entry(row: Row | None) -> Entry:
    if row is None:
        raise AssertionError  # the statement selects from one constant row
    return Entry(
        person=read_person(row) if row.user_id is not None else None,
        states=consent_rows.read_states(row.states),
        own=read_own(row, row.states) if row.id is not None else None,
        is_first_identity=bool(row.is_first_identity),
    )


def _parameters(new: NewSession) -> dict[str, Any]:
    challenge = new.challenge
    return {
        **{f"p_{name}": getattr(new, name) for name in _PLAIN},
        "p_nonce_hash": challenge.nonce_hash if challenge else None,
        "p_nonce_expires_at": challenge.expires_at if challenge else None,
        "p_index_versions": list(new.index_versions),
        "p_subject_indexes": list(new.subject_indexes),
        "p_device_indexes": list(new.device_indexes),
        "p_answers": consent_rows.as_parameter(new.answers),
        **limits.parameters(new.place),
    }


def _constraint(error: psycopg2.IntegrityError) -> str:
    if not isinstance(error, psycopg2_errors.UniqueViolation):
        return ""
    return error.diag.constraint_name or ""
