"""People's identities, linked and unlinked."""

from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from chalicelib.domain.id_tokens import Provider
from chalicelib.domain.identities import (
    LinkedIdentity,
    LinkOutcome,
    NewIdentity,
    OwnIdentities,
    UnlinkOutcome,
)
from chalicelib.stores.database import Database
from chalicelib.stores.described import described
from chalicelib.stores.session_rows import read_session
from chalicelib.stores.subject_locks import subject_locks

account_statements = described("account_statements")
statements = described("identity_statements")


class IdentityStore:
    """What linking reads and writes."""

    def __init__(self, database: Database) -> None:
        """Take the database."""
        self._database = database

    def of_session(self, session_id: UUID, *, locale: str, now: datetime) -> OwnIdentities | None:
        """Return a session in any state, with the identities of its person, the first one first."""
        row = self._database.row(
            statements.OF_SESSION, {"p_session_id": session_id, "p_locale": locale, "p_now": now}
        )
        if row is None:
            return None
        return OwnIdentities(
            session=read_session(row), identities=tuple(_linked(line) for line in row.identities or ())
        )

    def link(self, new: NewIdentity, *, now: datetime, request_id: str) -> LinkOutcome:
        """Add an identity, if nobody has it, the session is live, and nonce and token are unused."""
        parameters = {f"p_{name}": value for name, value in asdict(new).items() if name != "challenge"}
        told = {
            "p_nonce_hash": new.challenge.nonce_hash,
            "p_nonce_expires_at": new.challenge.expires_at,
            "p_index_versions": list(new.index_versions),
            "p_subject_indexes": list(new.subject_indexes),
            "p_locks": subject_locks(new.subject_indexes),
        }
        row = self._database.row_behind(
            statements.LOCK_LINK,
            statements.LINK,
            {**parameters, **told, "p_now": now, "p_request_id": request_id},
        )
        if row is None:
            raise AssertionError  # the statement selects from one constant row
        linked = (
            LinkedIdentity(id=row.id, provider=row.provider, linked_at=row.created_at) if row.id else None
        )
        return LinkOutcome(
            is_live=row.is_live,
            knows_every_key=row.knows_every_key,
            linked=linked,
            owner_id=row.user_id,
            count=row.held,
            is_nonce_used=row.is_nonce_used,
            is_token_used=row.is_token_used,
        )

    def unlink(
        self, session_id: UUID, user_id: UUID, identity_id: UUID, *, now: datetime, request_id: str
    ) -> UnlinkOutcome:
        """Remove an identity of a live session's person, unless it is their last."""
        parameters = {
            "p_session_id": session_id,
            "p_user_id": user_id,
            "p_identity_id": identity_id,
            "p_now": now,
            "p_request_id": request_id,
        }
        row = self._database.row_behind(account_statements.LOCK, statements.UNLINK, parameters)
        if row is None:
            raise AssertionError  # the statement selects one constant row
        return UnlinkOutcome(**row._asdict())


def _linked(line: dict[str, Any]) -> LinkedIdentity:
    return LinkedIdentity(
        id=UUID(line["id"]),
        provider=Provider(line["provider"]),
        linked_at=datetime.fromisoformat(line["linked_at"]),
    )
