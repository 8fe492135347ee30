"""Replace the encrypted data of people (sql/personal_data.sql)."""

from datetime import datetime
from uuid import UUID

from chalicelib.domain.account import RenewedData
from chalicelib.postgres.calls import Call, Row


class RenewedRow(Row):
    """Whether there was somebody, or a session, to renew it of."""

    is_renewed: bool


class RenewPersonalData(Call[RenewedRow], function="renew_personal_data"):
    p_user_id: UUID
    p_profile: bytes
    p_profile_digest: bytes
    p_subject_indexes: list[bytes]
    p_email_index: bytes | None
    p_index_version: int
    p_device_id: UUID
    p_device_description: bytes
    p_device_digest: bytes
    p_session_id: UUID
    p_session_profile: bytes
    p_copy_digest: bytes
    p_changed: str
    p_now: datetime
    p_request_id: str


class RenewSessionCopy(Call[RenewedRow], function="renew_session_copy"):
    p_session_id: UUID
    p_session_profile: bytes
    p_copy_digest: bytes


def renewing(data: RenewedData, now: datetime, request_id: str) -> RenewPersonalData:
    """Return the call that stores renewed data."""
    return RenewPersonalData(
        p_user_id=data.user_id,
        p_profile=data.profile,
        p_profile_digest=data.profile_digest,
        p_subject_indexes=list(data.subject_indexes),
        p_email_index=data.email_index,
        p_index_version=data.index_version,
        p_device_id=data.device_id,
        p_device_description=data.device_description,
        p_device_digest=data.device_digest,
        p_session_id=data.session_id,
        p_session_profile=data.session_profile,
        p_copy_digest=data.copy_digest,
        p_changed=data.changed,
        p_now=now,
        p_request_id=request_id,
    )
