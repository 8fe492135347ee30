"""The statements of signing in, built once: what a part inserts depends on the parts before it."""

from typing import Any

from sqlalchemy import (
    CTE,
    Exists,
    ScalarSelect,
    Select,
    and_,
    case,
    exists,
    func,
    insert,
    literal,
    or_,
    select,
    true,
    tuple_,
    union_all,
    update,
)
from sqlalchemy.dialects.postgresql import Insert
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import aliased

from chalicelib.domain.account import UserStatus
from chalicelib.domain.audit import AuditKind
from chalicelib.domain.sessions import SessionEnd
from chalicelib.stores import audit, consent_parts
from chalicelib.stores import limit_statements as limits
from chalicelib.stores.index_keys import INDEX_VERSION, KNOWS_EVERY_KEY, SUBJECT_LOCKED, under_any
from chalicelib.stores.parameters import NOW, given
from chalicelib.stores.schema import Challenges, Devices, Identities, Schema, Sessions, UsedIdTokens, Users
from chalicelib.stores.session_columns import DEVICE_COLUMNS, ENDED, PERSON_COLUMNS, SESSION_COLUMNS
from chalicelib.stores.sign_in_rows import device_values, identity_values, person_values, session_values

NONCE_HASH = given("nonce_hash", Challenges.nonce_hash)
THIS_IDENTITY = and_(
    Identities.provider == given("provider", Identities.provider),
    under_any("subject_indexes", Identities.subject_index),
)
LOCK_PERSON = select(Users.id).join(Identities).where(THIS_IDENTITY).with_for_update(key_share=True, of=Users)


def burned_nonce(by: CTE) -> Insert:
    """Return what notes that a nonce was used, unless none came or it is too late for a first use."""
    expires_at = given("nonce_expires_at", Challenges.expires_at)
    row = select(NONCE_HASH, NOW, expires_at).select_from(by)
    return upsert(Challenges).from_select(
        ["nonce_hash", "used_at", "expires_at"], row.where(NONCE_HASH.is_not(None), expires_at > NOW)
    )


def _burned_id_token(rows: Select[Any]) -> Insert:
    return upsert(UsedIdTokens).from_select(["token_hash", "session_id", "used_at", "expires_at"], rows)


def _id_token(by: CTE) -> Select[Any]:
    token_hash = given("token_hash", UsedIdTokens.token_hash)
    expires_at = given("token_expires_at", UsedIdTokens.expires_at)
    return select(token_hash, given("session_id", Sessions.id), NOW, expires_at).select_from(by)


def _started(opened: CTE) -> Select[Any]:
    details = func.jsonb_build_object("device_id", opened.c.device_id)
    kind = AuditKind.SESSION_STARTED
    return audit.event(kind, act=opened, user_id=opened.c.user_id, session_id=opened.c.id, details=details)


def _new_device(opened: CTE) -> Select[Any]:
    """Return the event of a device that this sign-in made: its row has the id that was given for one."""
    details = func.jsonb_build_object("device_id", opened.c.device_id)
    kind = AuditKind.SESSION_NEW_DEVICE
    event = audit.event(kind, act=opened, user_id=opened.c.user_id, session_id=opened.c.id, details=details)
    return event.where(opened.c.device_id == given("device_id", Devices.id))


def _answer(*, session: CTE, device: CTE, person: CTE, audited: CTE) -> Select[Any]:
    one = select(literal(1)).subquery("one")
    columns = (
        *(session.c[column.key] for column in SESSION_COLUMNS if column.key not in {"user_id", "device_id"}),
        *(device.c[str(column.key)] for column in DEVICE_COLUMNS),
        *person.c,
        consent_parts.states_of(person.c.user_id).label("states"),
    )
    joined = one.outerjoin(person, true()).outerjoin(session, true()).outerjoin(device, true())
    return select(*columns).select_from(joined).add_cte(audited)


def _first_use(welcome: CTE) -> CTE:
    nonce = burned_nonce(welcome).on_conflict_do_nothing().returning(Challenges.nonce_hash).cte("nonce")
    is_fresh = or_(NONCE_HASH.is_(None), exists(select(nonce.c.nonce_hash)))
    token = _burned_id_token(_id_token(welcome).where(is_fresh)).on_conflict_do_nothing()
    return token.returning(UsedIdTokens.session_id).cte("token")


def _known_device(person: CTE) -> ScalarSelect[Any]:
    """Return this device of a person, whichever version it is indexed under."""
    known = aliased(Devices)
    device = select(known.id).where(
        known.user_id == person.c.user_id, under_any("device_indexes", known.device_index)
    )
    return device.order_by(known.index_version.desc()).limit(1).scalar_subquery()


def _seen_device(person: CTE, welcome: CTE, token: CTE) -> CTE:
    """Return the device that was seen again, indexed anew if need be, or for the first time."""
    latest = {"last_seen_at": NOW, "platform": given("platform", Devices.platform)}
    is_older = Devices.index_version < INDEX_VERSION
    device_index = given("device_index", Devices.device_index)
    again = (
        update(Devices)
        .where(
            Devices.id == _known_device(person), Devices.user_id == welcome.c.user_id, exists(token.select())
        )
        .values(
            **latest,
            device_index=case((is_older, device_index), else_=Devices.device_index),
            index_version=func.greatest(Devices.index_version, INDEX_VERSION),
        )
        .returning(Devices.user_id, *DEVICE_COLUMNS)
        .cte("again")
    )
    values = device_values(welcome)
    rows = select(*values.values()).select_from(welcome).join(token, true()).where(~exists(again.select()))
    new = upsert(Devices).from_select(list(values), rows)
    made = new.on_conflict_do_update(index_elements=["user_id", "device_index"], set_=latest)
    first = made.returning(Devices.user_id, *DEVICE_COLUMNS).cte("first")
    return union_all(select(again), select(first)).cte("device")


def _replaced_session(device: CTE) -> CTE:
    return (
        update(Sessions)
        .where(Sessions.device_id == device.c.device_id, Sessions.ended_at.is_(None))
        .values(**ENDED, end_reason=SessionEnd.REPLACED)
        .returning(Sessions.id, Sessions.user_id)
        .cte("ended")
    )


def _is_preceded() -> Exists:
    """Tell whether the person had another identity before this one."""
    earlier = aliased(Identities)
    age, own_age = tuple_(earlier.created_at, earlier.id), tuple_(Identities.created_at, Identities.id)
    return exists().where(earlier.user_id == Identities.user_id, age < own_age).correlate(Identities)


def _open_session() -> Select[Any]:
    """Lock a known person, burn nonce and token, end the session on this device, open the new one."""
    person = (
        select(*PERSON_COLUMNS, ~_is_preceded().label("is_first_identity"))
        .join(Identities, Identities.user_id == Users.id)
        .where(THIS_IDENTITY)
        .with_for_update(key_share=True, of=Users)
        .cte("person")
    )
    welcome = select(person.c.user_id).where(person.c.user_status == UserStatus.ACTIVE).cte("welcome")
    place = limits.place(welcome)
    admitted = limits.admitted(welcome, place)
    device = _seen_device(person, admitted, _first_use(admitted))
    ended = _replaced_session(device)
    values = session_values(device)
    row = select(*values.values()).select_from(device)
    # counting the ended sessions makes PostgreSQL end them before the insert meets the unique index
    row = row.where(select(func.count(ended.c.id)).scalar_subquery() >= 0)
    session = (
        insert(Sessions)
        .from_select(list(values), row)
        .returning(*SESSION_COLUMNS, Sessions.device_id)
        .cte("session")
    )
    audited = audit.recorded(
        union_all(
            _started(session),
            _new_device(session),
            audit.session_ended(ended, SessionEnd.REPLACED),
            consent_parts.events_of(consent_parts.recorded_answers(session)),
        )
    )
    answer = _answer(session=session, device=device, person=person, audited=audited)
    return answer.add_columns(*limits.columns(place))


def _create_account() -> Select[Any]:
    """Make a person at once; whatever exists already refuses the whole by its unique constraint."""
    gate = (
        select(literal(1).label("one"))
        .where(consent_parts.all_answers_fit(), consent_parts.all_required_granted())
        .where(KNOWS_EVERY_KEY, ~exists(select(Identities.id).where(THIS_IDENTITY)))
        .cte("gate")
    )
    person = (
        _inserted(Users, person_values(), gate)
        .returning(*PERSON_COLUMNS, true().label("is_first_identity"))
        .cte("person")
    )
    identity = _inserted(Identities, identity_values(person), person).returning(Identities.id).cte("identity")
    described = device_values(person) | {
        "description": given("person_device_description", Devices.description),
        "description_digest": given("person_device_digest", Devices.description_digest),
    }
    device = _inserted(Devices, described, person).returning(Devices.user_id, *DEVICE_COLUMNS).cte("device")
    values = session_values(device)
    row = select(*values.values()).select_from(device)
    session = (
        insert(Sessions)
        .from_select(list(values), row)
        .returning(*SESSION_COLUMNS, Sessions.device_id)
        .cte("session")
    )
    created = audit.event(
        AuditKind.ACCOUNT_CREATED, act=session, user_id=session.c.user_id, session_id=session.c.id
    )
    answered = consent_parts.events_of(consent_parts.recorded_answers(session))
    audited = audit.recorded(union_all(created, _started(session), answered))
    answer = _answer(session=session, device=device, person=person, audited=audited)
    return answer.add_columns(KNOWS_EVERY_KEY.label("knows_every_key")).add_cte(
        identity,
        burned_nonce(person).returning(Challenges.nonce_hash).cte("nonce"),
        _burned_id_token(_id_token(person)).returning(UsedIdTokens.session_id).cte("token"),
    )


def _inserted(table: type[Schema], values: dict[str, Any], by: CTE) -> Insert:
    return upsert(table).from_select(list(values), select(*values.values()).select_from(by))


LOCK_SUBJECT = select(SUBJECT_LOCKED)
OPEN_SESSION = _open_session()
CREATE_ACCOUNT = _create_account()
USED_ID_TOKEN = (
    select(
        *(*SESSION_COLUMNS, *DEVICE_COLUMNS, *PERSON_COLUMNS[1:]),
        consent_parts.states_of(Sessions.user_id).label("states"),
        UsedIdTokens.used_at,
        under_any("device_indexes", Devices.device_index).label("same_device"),
    )
    .select_from(UsedIdTokens)
    .join(Sessions, Sessions.id == UsedIdTokens.session_id)
    .join(Devices, Devices.id == Sessions.device_id)
    .join(Users, Users.id == Sessions.user_id)
    .where(UsedIdTokens.token_hash == given("token_hash", UsedIdTokens.token_hash))
)
