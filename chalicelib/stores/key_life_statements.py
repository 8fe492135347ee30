"""The statements that record what is done to people's keys, and find who has a row."""

from sqlalchemy import Uuid, bindparam, func, insert, select
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TEXT

from chalicelib.stores.parameters import NOW, REQUEST_ID
from chalicelib.stores.schema import AuditEvents, Users

RECORD = (
    insert(AuditEvents)
    .from_select(
        ["occurred_at", "kind", "request_id", "details"],
        select(NOW, bindparam("p_kind", type_=TEXT), REQUEST_ID, bindparam("p_details", type_=JSONB)),
    )
    .returning(AuditEvents.id)
)
KNOWN = select(Users.id).where(Users.id == func.any(bindparam("p_user_ids", type_=ARRAY(Uuid))))
