"""What every table belongs to, and how constraints are named."""

from uuid import UUID

from sqlalchemy import MetaData, text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from chalicelib.stores.types import COLUMN_TYPES

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class Schema(DeclarativeBase):
    """The tables; `Schema.metadata` is what migrations must arrive at."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map = COLUMN_TYPES


def generated_id() -> Mapped[UUID]:
    """Declare a primary key that the database makes up, unless one is given."""
    return mapped_column(primary_key=True, server_default=text("gen_random_uuid()"))
