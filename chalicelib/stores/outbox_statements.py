"""The statements that hand events over. One is ready when no earlier one of its person and endpoint waits.

The trigger of migration 0012 writes the rows.
"""

from typing import Any

from sqlalchemy import ARRAY, Select, Update, Uuid, bindparam, exists, func, null, or_, select, update
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP
from sqlalchemy.orm import aliased

from chalicelib.domain.audit import AuditKind
from chalicelib.stores import audit
from chalicelib.stores.parameters import NOW
from chalicelib.stores.schema import Outbox

READY_MAX = 200
_IDS = bindparam("p_ids", type_=ARRAY(Uuid))
_AGAIN_BEFORE = bindparam("p_again_before", type_=TIMESTAMP(timezone=True))


def _ready() -> Select[Any]:
    earlier = aliased(Outbox)
    waits = exists().where(
        earlier.endpoint_id == Outbox.endpoint_id,
        earlier.user_id == Outbox.user_id,
        earlier.sequence < Outbox.sequence,
        earlier.settled_at.is_(None),
    )
    columns = (Outbox.id, Outbox.endpoint_id, Outbox.user_id, Outbox.sequence, Outbox.kind)
    return (
        select(*columns, Outbox.occurred_at, Outbox.data)
        .where(
            Outbox.settled_at.is_(None),
            or_(Outbox.carried_at.is_(None), Outbox.carried_at < _AGAIN_BEFORE),
            ~waits,
        )
        .order_by(Outbox.sequence)
        .limit(READY_MAX)
    )


def _carried() -> Update:
    return update(Outbox).where(Outbox.id == func.any(_IDS)).values(carried_at=NOW)


def _settled(kind: AuditKind) -> Select[Any]:
    """Settle events with one record for each endpoint, however many they were."""
    settled = (
        update(Outbox)
        .where(Outbox.id == func.any(_IDS), Outbox.settled_at.is_(None))
        .values(settled_at=NOW)
        .returning(Outbox.endpoint_id)
        .cte("settled")
    )
    counted = (
        select(settled.c.endpoint_id, func.count().label("events"))
        .group_by(settled.c.endpoint_id)
        .cte("counted")
    )
    details = func.jsonb_build_object(
        "endpoint_id", counted.c.endpoint_id, "count", counted.c.events, type_=JSONB
    )
    event = audit.event(kind, act=counted, user_id=null(), session_id=null(), details=details)
    return select(counted.c.endpoint_id, counted.c.events).add_cte(audit.recorded(event))


READY = _ready()
CARRIED = _carried().returning(Outbox.id)
DELIVERED = _settled(AuditKind.WEBHOOKS_DELIVERED)
ABANDONED = _settled(AuditKind.WEBHOOKS_ABANDONED)
