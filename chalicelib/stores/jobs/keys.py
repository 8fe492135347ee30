"""The service's own keys: made, wrapped anew and retired by jobs. Every secret half is wrapped."""

from dataclasses import asdict
from datetime import datetime

from sqlalchemy import ColumnElement, and_, exists, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from chalicelib.domain.account import UserStatus
from chalicelib.domain.audit import AuditKind
from chalicelib.domain.keys import ServiceKeyRecord, ServiceKeyUse, SigningKeyRecord
from chalicelib.domain.operators import Order
from chalicelib.postgres.transactions import Transactions
from chalicelib.stores.jobs.audit import Act
from chalicelib.stores.schema import Identities, ServiceKeys, SigningKeys, Users

_ONE_ROTATION = 7_310_415_520  # any number, the same for ever
_ADDING_PEOPLE = 7_310_415_521  # the same; whoever adds a person shares it


class KeyStore:
    """The rows of the service's keys."""

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions

    def signing_keys(self) -> tuple[SigningKeyRecord, ...]:
        """Return all signing keys, the oldest first."""
        keys = select(SigningKeys.__table__).order_by(SigningKeys.activates_at, SigningKeys.kid)
        with self._transactions.begin() as connection:
            return tuple(SigningKeyRecord(**row) for row in connection.execute(keys).mappings())

    def service_keys(self) -> tuple[ServiceKeyRecord, ...]:
        """Return all secrets of the service, still wrapped, the oldest first."""
        keys = select(ServiceKeys.__table__).order_by(ServiceKeys.use, ServiceKeys.version)
        with self._transactions.begin() as connection:
            return tuple(ServiceKeyRecord(**row) for row in connection.execute(keys).mappings())

    def add_signing_key(
        self,
        key: SigningKeyRecord,
        *,
        predecessors_expire_at: datetime,
        youngest_seen: datetime | None,
        request_id: str,
    ) -> None:
        """Publish a key, and date the end of those before it, unless a younger one came since the look."""
        of_algorithm = SigningKeys.algorithm == key.algorithm
        younger = select(SigningKeys.kid).where(of_algorithm)
        if youngest_seen is not None:
            younger = younger.where(SigningKeys.activates_at > youngest_seen)
        row = {name: value for name, value in asdict(key).items() if name not in {"expires_at", "retired_at"}}
        added = insert(SigningKeys).values(row).on_conflict_do_nothing().returning(SigningKeys.kid)
        before_it = and_(
            of_algorithm,
            SigningKeys.expires_at.is_(None),
            SigningKeys.retired_at.is_(None),
            SigningKeys.kid != key.kid,
        )
        with self._transactions.begin() as connection:
            connection.execute(select(func.pg_advisory_xact_lock(_ONE_ROTATION)))
            if connection.execute(younger).first() or connection.execute(added).first() is None:
                return
            connection.execute(update(SigningKeys).where(before_it).values(expires_at=predecessors_expire_at))
            Act(connection, key.created_at, request_id).record(
                AuditKind.KEY_CREATED, details={"key": key.kid}
            )

    def add_service_key(self, key: ServiceKeyRecord, *, request_id: str) -> None:
        """Keep a secret, unless one of this use and version exists."""
        row = {name: value for name, value in asdict(key).items() if name != "retired_at"}
        added = insert(ServiceKeys).values(row).on_conflict_do_nothing().returning(ServiceKeys.version)
        with self._transactions.begin() as connection:
            if connection.execute(added).first() is not None:
                Act(connection, key.created_at, request_id).record(
                    AuditKind.KEY_CREATED, details={"key": f"service_key:{key.use.value}"}
                )


class KeyChanges:
    """Changes of the service's own keys; False when a key is retired already, or is another one by now.

    A successor that waits takes over in the transaction that retires: there is no moment without a key that
    writes.
    """

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions

    def retire_secret(
        self,
        key: ServiceKeyRecord,
        successor: ServiceKeyRecord | None,
        order: Order,
        *,
        now: datetime,
        request_id: str,
    ) -> bool:
        """Retire a secret, its successor taking over; an index key only when nobody is indexed under it."""
        retired = update(ServiceKeys).where(_is(key)).values(retired_at=now)
        is_index_key = key.use is ServiceKeyUse.BLIND_INDEX
        with self._transactions.begin() as connection:
            if is_index_key:
                # nobody is added while this looks
                connection.execute(select(func.pg_advisory_xact_lock(_ADDING_PEOPLE)))
                if not connection.execute(select(_nobody_is_under(key.version))).scalar_one():
                    return False
            if not connection.execute(retired).rowcount:
                return False
            if successor is not None:
                connection.execute(
                    update(ServiceKeys)
                    .where(
                        ServiceKeys.use == key.use,
                        ServiceKeys.version == successor.version,
                        ServiceKeys.activates_at > now,
                    )
                    # the clock that made it may be ahead (F-16)
                    .values(activates_at=func.greatest(now, ServiceKeys.created_at))
                )
            _record_retired(Act(connection, now, request_id), _name(key), order)
        return True

    def retire_signing_key(
        self, kid: str, successor: str | None, order: Order, *, now: datetime, request_id: str
    ) -> bool:
        """Retire a signing key, its successor taking over."""
        retired = (
            update(SigningKeys)
            .where(SigningKeys.kid == kid, SigningKeys.retired_at.is_(None))
            .values(retired_at=now)
        )
        takes_over = and_(SigningKeys.kid == successor, SigningKeys.activates_at > now)
        with self._transactions.begin() as connection:
            if not connection.execute(retired).rowcount:
                return False
            connection.execute(update(SigningKeys).where(takes_over).values(activates_at=now))
            _record_retired(Act(connection, now, request_id), kid, order)
        return True

    def rewrap(
        self,
        key: ServiceKeyRecord | SigningKeyRecord,
        wrapped: bytes,
        kms_key_id: str,
        *,
        now: datetime,
        request_id: str,
    ) -> bool:
        """Replace what wraps a key, if it is still what was read."""
        if isinstance(key, SigningKeyRecord):
            name, values = key.kid, {"wrapped_private": wrapped, "kms_key_id": kms_key_id}
            is_as_seen = and_(
                SigningKeys.kid == key.kid,
                SigningKeys.retired_at.is_(None),
                SigningKeys.wrapped_private == key.wrapped_private,
            )
            rewrapped = update(SigningKeys).where(is_as_seen).values(values)
        else:
            name, values = _name(key), {"wrapped": wrapped, "kms_key_id": kms_key_id}
            rewrapped = update(ServiceKeys).where(_is(key), ServiceKeys.wrapped == key.wrapped).values(values)
        with self._transactions.begin() as connection:
            if not connection.execute(rewrapped).rowcount:
                return False
            Act(connection, now, request_id).record(
                AuditKind.KEY_REWRAPPED, details={"key": name, "kms_key_id": kms_key_id}
            )
        return True


def _is(key: ServiceKeyRecord) -> ColumnElement[bool]:
    return and_(
        ServiceKeys.use == key.use, ServiceKeys.version == key.version, ServiceKeys.retired_at.is_(None)
    )


def _name(key: ServiceKeyRecord) -> str:
    return f"service_key:{key.use.value}:{key.version}"


def _nobody_is_under(version: int) -> ColumnElement[bool]:
    """Return whether no person and no identity is indexed under this version, and another is in use."""
    another = select(ServiceKeys.version).where(
        ServiceKeys.use == ServiceKeyUse.BLIND_INDEX,
        ServiceKeys.retired_at.is_(None),
        ServiceKeys.version != version,
    )
    people = select(Users.id).where(Users.index_version == version, Users.status != UserStatus.ERASED)
    identities = select(Identities.id).where(Identities.index_version == version)
    return and_(~or_(exists(people), exists(identities)), exists(another))


def _record_retired(act: Act, name: str, order: Order) -> None:
    act.record(AuditKind.KEY_RETIRED, details={"key": name, "actor": order.actor, "reason": order.reason})
