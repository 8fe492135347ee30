"""The statements of phones' keys, built once."""

from typing import Any

from sqlalchemy import (
    CTE,
    ColumnElement,
    Select,
    and_,
    delete,
    exists,
    func,
    insert,
    literal,
    or_,
    select,
    true,
    union_all,
    update,
)
from sqlalchemy.dialects.postgresql import insert as upsert

from chalicelib.domain.audit import AuditKind
from chalicelib.domain.biometrics import KEYS_MAX
from chalicelib.domain.tokens import PRESENT_AMR, Acr
from chalicelib.stores import audit
from chalicelib.stores.parameters import NOW, given
from chalicelib.stores.schema import BiometricKeys, Challenges, Devices, Sessions, Users
from chalicelib.stores.session_statements import (
    FIND,
    GENERATION,
    NOT_EXPIRED,
    OF_ACTIVE_PERSON,
    OWN,
    SESSION_ID,
    acting,
    advanced,
)

KEY_ID = given("key_id", BiometricKeys.id)
SPKI = given("spki", BiometricKeys.spki)
NONCE_HASH = given("nonce_hash", Challenges.nonce_hash)
KEY_COLUMNS = (
    *(BiometricKeys.id, BiometricKeys.device_id, BiometricKeys.name),
    *(BiometricKeys.created_at, BiometricKeys.last_used_at),
)
OF_SESSION = and_(BiometricKeys.user_id == Sessions.user_id, BiometricKeys.device_id == Sessions.device_id)


def _burned(*conditions: ColumnElement[bool], session: CTE) -> CTE:
    """Use the challenge up, if it was not."""
    values = {
        "nonce_hash": NONCE_HASH,
        "used_at": NOW,
        "expires_at": given("nonce_expires_at", Challenges.expires_at),
    }
    row = select(*values.values()).select_from(session).where(*conditions)
    used = upsert(Challenges).from_select(list(values), row).on_conflict_do_nothing()
    return used.returning(Challenges.nonce_hash).cte("nonce")


def _recorded(kind: AuditKind, key: CTE) -> CTE:
    details = func.jsonb_build_object("registration_id", key.c.id)
    return audit.recorded(
        audit.event(kind, act=key, user_id=key.c.user_id, session_id=SESSION_ID, details=details)
    )


def _register() -> Select[Any]:
    """Keep a key once, behind the lock of its person, who may have so many."""
    session = acting()
    same = (
        select(*KEY_COLUMNS)
        .where(BiometricKeys.user_id == session.c.user_id, BiometricKeys.spki == SPKI)
        .cte("same")
    )
    owned = select(func.count()).where(BiometricKeys.user_id == session.c.user_id).scalar_subquery()
    nonce = _burned(owned < KEYS_MAX, ~exists(select(same.c.id)), session=session)
    values = {
        "id": KEY_ID,
        "user_id": Sessions.user_id,
        "device_id": Sessions.device_id,
        "spki": SPKI,
        "name": given("name", BiometricKeys.name),
        "created_at": NOW,
    }
    row = select(*values.values()).where(Sessions.id == SESSION_ID, exists(select(nonce.c.nonce_hash)))
    key = (
        insert(BiometricKeys)
        .from_select(list(values), row)
        .returning(*KEY_COLUMNS, BiometricKeys.user_id)
        .cte("key")
    )
    kept = union_all(select(*(key.c[column.key] for column in KEY_COLUMNS)), select(*same.c)).subquery("kept")
    columns = (column.label(f"key_{column.key}") for column in kept.c)
    is_full = select(owned >= KEYS_MAX).select_from(session).scalar_subquery().label("is_full")
    answer = OWN.add_columns(is_full, *columns).outerjoin(kept, true())
    return answer.add_cte(_recorded(AuditKind.BIOMETRIC_KEY_REGISTERED, key))


def _prove() -> Select[Any]:
    """Step a session up by a proof whose challenge was never used.

    A refresh that was faster with the same refresh token has brought the session to the same generation.
    """
    is_same = or_(
        Sessions.generation == GENERATION,
        and_(
            Sessions.generation == GENERATION + 1,
            Sessions.rotated_at >= given("rotated_after", Sessions.rotated_at),
        ),
    )
    may = and_(Sessions.id == SESSION_ID, NOT_EXPIRED, OF_ACTIVE_PERSON, is_same)
    of_key = and_(BiometricKeys.id == KEY_ID, OF_SESSION)
    session = select(Sessions.id).join(Users, true()).join(BiometricKeys, of_key).where(may).cte("provable")
    nonce = _burned(session=session)
    is_fresh = exists(select(nonce.c.nonce_hash))
    stepped_up = {"auth_time": NOW, "acr": literal(Acr.PRESENT.value), "amr": list(PRESENT_AMR)}
    key = (
        update(BiometricKeys)
        .where(BiometricKeys.id == KEY_ID, is_fresh)
        .values(last_used_at=NOW)
        .returning(BiometricKeys.id)
        .cte("key")
    )
    return advanced(AuditKind.SESSION_PRESENCE_PROVED, may, is_fresh, **stepped_up).add_cte(key)


def _remove() -> Select[Any]:
    session = acting()
    key = (
        delete(BiometricKeys)
        .where(BiometricKeys.id == KEY_ID, BiometricKeys.user_id == session.c.user_id)
        .returning(BiometricKeys.id, BiometricKeys.user_id)
        .cte("key")
    )
    is_known = exists(select(key.c.id)).label("is_known")
    return OWN.add_columns(is_known).add_cte(_recorded(AuditKind.BIOMETRIC_KEY_REMOVED, key))


REGISTER = _register()
PROVE = _prove()
REMOVE = _remove()
PROVED = FIND.add_columns(
    select(Challenges.used_at).where(Challenges.nonce_hash == NONCE_HASH).scalar_subquery().label("used_at")
)
KEY = OWN.add_columns(
    select(BiometricKeys.spki)
    .where(BiometricKeys.id == KEY_ID, OF_SESSION)
    .correlate(Sessions, Devices)
    .scalar_subquery()
    .label("spki")
)
REGISTRATIONS = (
    OWN.add_columns(*(column.label(f"key_{column.key}") for column in KEY_COLUMNS))
    .outerjoin(BiometricKeys, BiometricKeys.user_id == Sessions.user_id)
    .order_by(BiometricKeys.created_at, BiometricKeys.id)
)
