"""A person's identities: listed, linked, unlinked (sql/identities.sql)."""

from datetime import datetime
from typing import TypedDict
from uuid import UUID

from chalicelib.domain.dpop import Proof
from chalicelib.domain.id_tokens import Provider
from chalicelib.domain.identities import (
    IDENTITIES_MAX,
    Linked,
    LinkedIdentity,
    LinkOutcome,
    NewIdentity,
    Unlinked,
    UnlinkOutcome,
)
from chalicelib.domain.limits import Taking
from chalicelib.domain.sessions import Session
from chalicelib.postgres.calls import Call, Row
from chalicelib.stores import limits
from chalicelib.stores.database import Database
from chalicelib.stores.limits import PlaceParameters
from chalicelib.stores.proofs import ProofParameters, used
from chalicelib.stores.session_rows import SessionRow, read_session


class IdentityJson(TypedDict):
    """A linked identity, as JSON."""

    id: str
    provider: str
    linked_at: str


class IdentitiesRow(Row):
    """A session in any state, and of a live one the identities of its person."""

    own: SessionRow | None
    identities: list[IdentityJson] | None


class ListIdentities(Call[IdentitiesRow], function="list_identities"):
    p_session_id: UUID
    proof: ProofParameters
    p_now: datetime


class LinkedRow(Row):
    """What came of a link."""

    outcome: str
    own: SessionRow | None
    identity_id: UUID | None
    linked_at: datetime | None
    place_is_taken: bool | None
    place_arrives_at: datetime | None


class LinkIdentity(Call[LinkedRow], function="link_identity"):
    p_session_id: UUID
    p_user_id: UUID
    p_identity_id: UUID
    p_identities_max: int
    p_provider: str
    p_platforms: list[str]
    p_subject_indexes: list[bytes]
    p_email_index: bytes | None
    p_subject: bytes
    p_index_version: int
    p_index_versions: list[int]
    p_token_hash: bytes
    p_token_expires_at: datetime
    p_nonce_hash: bytes
    p_nonce_expires_at: datetime
    proof: ProofParameters
    place: PlaceParameters
    p_now: datetime
    p_request_id: str


class UnlinkedRow(Row):
    """What came of an unlink."""

    outcome: str
    own: SessionRow | None
    is_revocable: bool


class UnlinkIdentity(Call[UnlinkedRow], function="unlink_identity"):
    p_session_id: UUID
    p_identity_id: UUID
    proof: ProofParameters
    p_now: datetime
    p_request_id: str


class IdentityStore:
    """What linking reads and writes."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of_session(
        self, session_id: UUID, *, proof: Proof | None, now: datetime
    ) -> tuple[Session | None, tuple[LinkedIdentity, ...]]:
        """Return a session in any state, and of a live one its person's identities, the first one first."""
        row = self._database.one(ListIdentities(p_session_id=session_id, proof=used(proof), p_now=now))
        found = tuple(_linked(line) for line in row.identities or ())
        return read_session(row.own) if row.own else None, found

    def link(
        self, new: NewIdentity, *, proof: Proof | None, place: Taking | None, now: datetime, request_id: str
    ) -> LinkOutcome:
        """Add an identity, if nobody has it, the session is live, and nonce and token are unused."""
        row = self._database.one(
            LinkIdentity(
                p_session_id=new.session_id,
                p_user_id=new.user_id,
                p_identity_id=new.identity_id,
                p_identities_max=IDENTITIES_MAX,
                p_provider=new.provider,
                p_platforms=[platform.value for platform in new.platforms],
                p_subject_indexes=list(new.subject_indexes),
                p_email_index=new.email_index,
                p_subject=new.subject,
                p_index_version=new.index_version,
                p_index_versions=list(new.index_versions),
                p_token_hash=new.token_hash,
                p_token_expires_at=new.token_expires_at,
                p_nonce_hash=new.challenge.nonce_hash,
                p_nonce_expires_at=new.challenge.expires_at,
                proof=used(proof),
                place=limits.place(place),
                p_now=now,
                p_request_id=request_id,
            )
        )
        outcome, identity = Linked(row.outcome), None
        if outcome is Linked.LINKED and row.identity_id and row.linked_at:
            identity = LinkedIdentity(
                id=row.identity_id, provider=Provider(new.provider), linked_at=row.linked_at
            )
        return LinkOutcome(
            outcome=outcome,
            session=read_session(row.own) if row.own else None,
            taken=limits.read_place(row.place_is_taken, row.place_arrives_at),
            identity=identity,
        )

    def unlink(
        self, session_id: UUID, identity_id: UUID, *, proof: Proof | None, now: datetime, request_id: str
    ) -> UnlinkOutcome:
        """Remove an identity of a live session's person, unless it is their last."""
        row = self._database.one(
            UnlinkIdentity(
                p_session_id=session_id,
                p_identity_id=identity_id,
                proof=used(proof),
                p_now=now,
                p_request_id=request_id,
            )
        )
        return UnlinkOutcome(
            outcome=Unlinked(row.outcome),
            session=read_session(row.own) if row.own else None,
            is_revocable=row.is_revocable,
        )


def _linked(line: IdentityJson) -> LinkedIdentity:
    return LinkedIdentity(
        id=UUID(line["id"]),
        provider=Provider(line["provider"]),
        linked_at=datetime.fromisoformat(line["linked_at"]),
    )
