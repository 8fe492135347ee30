"""What every table belongs to, and how constraints are named."""

from sqlalchemy import MetaData
from sqlalchemy.orm import DeclarativeBase

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
