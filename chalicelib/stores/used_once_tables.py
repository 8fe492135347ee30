"""The tables of what may be used once, each row kept until it would be refused for its age anyway."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from chalicelib.stores.schema_root import Schema


class Challenges(Schema):
    """Nonces that were used; unused ones carry their own proof and need no row."""

    __tablename__ = "challenges"

    nonce_hash: Mapped[bytes] = mapped_column(primary_key=True)
    used_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)


class DpopProofs(Schema):
    """Proofs that came, until they are too old to come again; a crash of the server may forget them."""

    __tablename__ = "dpop_proofs"
    __table_args__ = ({"prefixes": ["UNLOGGED"]},)

    proof_hash: Mapped[bytes] = mapped_column(primary_key=True)
    expires_at: Mapped[datetime] = mapped_column(index=True)


class UsedIdTokens(Schema):
    """ID tokens that opened a session; each may do so once (ASVS 10.5.1), its person erased or not."""

    __tablename__ = "used_id_tokens"

    token_hash: Mapped[bytes] = mapped_column(primary_key=True)
    session_id: Mapped[UUID | None] = mapped_column(ForeignKey("sessions.id"), index=True)
    used_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
