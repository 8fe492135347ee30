"""How the domain's types are columns: bytea for all that is personal, an enum type for each closed set."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, Enum
from sqlalchemy.dialects.postgresql import ARRAY, BYTEA, INTERVAL, JSONB, TEXT, TIMESTAMP

from chalicelib.domain.account import UserStatus
from chalicelib.domain.consents import ConsentAction
from chalicelib.domain.id_tokens import Platform, Provider
from chalicelib.domain.keys import ServiceKeyUse, SigningAlgorithm
from chalicelib.domain.sessions import SessionEnd


def _enum(values: type[StrEnum], name: str) -> Enum:
    return Enum(values, name=name, values_callable=lambda members: [member.value for member in members])


COLUMN_TYPES: dict[Any, Any] = {
    bytes: BYTEA,
    str: TEXT,
    datetime: TIMESTAMP(timezone=True),
    timedelta: INTERVAL,
    int: BigInteger,
    list[str]: ARRAY(TEXT),
    dict[str, Any]: JSONB,
    UserStatus: _enum(UserStatus, "user_status"),
    Provider: TEXT,  # a word, so that a further provider is a declaration and no migration (0088)
    Platform: _enum(Platform, "device_platform"),
    SessionEnd: _enum(SessionEnd, "session_end"),
    ConsentAction: _enum(ConsentAction, "consent_action"),
    SigningAlgorithm: _enum(SigningAlgorithm, "signing_algorithm"),
    ServiceKeyUse: _enum(ServiceKeyUse, "service_key_use"),
}
