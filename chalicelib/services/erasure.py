"""Erase people: in the database at once, then in the ledger, then their key; a sweep ends what was cut off.

The transaction decides. What follows it can be repeated, needs nothing of the person's, and goes on by
itself: the ledger first, so that a restored backup knows of the erasure before the key is gone, and never
has an account that nobody can open.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from chalicelib.domain.erasure import (
    RECEIPT_TYPE,
    Erased,
    Erasure,
    ErasureOrder,
    ErasureReceipt,
    Ordered,
    Origin,
    hash_of,
    receipt,
)
from chalicelib.domain.errors import DependencyUnavailable, NotFound, SessionRevoked
from chalicelib.domain.tokens import AccessClaims
from chalicelib.observation.log import warn
from chalicelib.services.erasure_ports import ErasureLedger, ErasureStore
from chalicelib.services.ports import Act, Clock, DataKeys
from chalicelib.services.provider_grants import ProviderGrants
from chalicelib.services.restore_watch import RestoreWatch
from chalicelib.services.secrets import Secrets


class Signer(Protocol):
    """Signs what people take away."""

    def sign(self, document: Mapping[str, Any], typ: str) -> str:
        """Return a JWS."""


class ErasureService:
    """Erasures."""

    def __init__(
        self,
        *,
        store: ErasureStore,
        ledger: ErasureLedger,
        watch: RestoreWatch,
        keys: DataKeys,
        signer: Signer,
        clock: Clock,
        secrets: Secrets,
        provider_grants: ProviderGrants,
    ) -> None:
        """Take all that an erasure touches."""
        self._provider_grants = provider_grants
        self._store = store
        self._ledger = ledger
        self._watch = watch
        self._keys = keys
        self._signer = signer
        self._clock = clock
        self._secrets = secrets

    def request(self, claims: AccessClaims, act: Act) -> ErasureReceipt:
        """Erase the person who asks; asked again with the same token, answer again.

        Raises:
            SessionRevoked, AccountSuspended: the session may not act.
            InvalidDpopProof: the proof came before.
        """
        names = self._names(Origin.PERSON, claims.session_id)
        order = ErasureOrder(
            ids=tuple(names),
            user_id=claims.user_id,
            session_id=claims.session_id,
            secret_hash=hash_of(next(iter(names.values()))),
            requested_at=self._clock.now(),
            origin=Origin.PERSON,
            proof=claims.proof,
        )
        done, ordered = self._carry_out(order, names, act)
        if done is None:
            if ordered.own is not None:
                ordered.own.ensure_live(order.requested_at)
            raise SessionRevoked
        return done

    def erase(self, user_id: UUID, *, reason: str, actor: str, act: Act) -> ErasureReceipt:
        """Erase a person, active or suspended, for an operator; both texts stay in the audit record.

        Raises NotFound: there is no such person, or they were erased before, and not just now by an operator.
        """
        names = self._names(Origin.OPERATOR, user_id)
        order = ErasureOrder(
            ids=tuple(names),
            user_id=user_id,
            session_id=None,
            secret_hash=hash_of(next(iter(names.values()))),
            requested_at=self._clock.now(),
            origin=Origin.OPERATOR,
            details={"actor": actor, "reason": reason},
        )
        done, _ = self._carry_out(order, names, act)
        if done is None:
            raise NotFound
        return done

    def state(self, erasure_id: UUID, secret: str | None) -> Erasure:
        """Return an erasure to who has its secret. Raises NotFound, for a wrong secret too (A1)."""
        found = self._store.with_secret(erasure_id, hash_of(secret or ""))
        if found is None:
            raise NotFound
        return found

    def finish(self, erasure: Erasure) -> Erasure:
        """Do what follows the transaction; all of it can be repeated. Raises DependencyUnavailable."""
        self._ledger.record(erasure)
        self._provider_grants.end(erasure.user_id)
        self._keys.discard(erasure.user_id)
        completed_at = self._clock.now()
        self._store.complete(erasure.id, now=completed_at)
        return replace(erasure, completed_at=completed_at)

    def replay(self, erasure: Erasure, act: Act) -> None:
        """Erase again what a restored database forgot."""
        self._store.replay(erasure, now=self._clock.now(), request_id=act.request_id)

    def _names(self, origin: Origin, asked_by: UUID) -> Mapping[UUID, str]:
        """Return the ids that an erasure may have, each with its secret, if the database is current."""
        self._watch.ensure_current()
        return dict(self._secrets.erasures(origin, asked_by))

    def _carry_out(
        self, order: ErasureOrder, names: Mapping[UUID, str], act: Act
    ) -> tuple[ErasureReceipt | None, Ordered]:
        """Sign before the transaction: nothing behind it keeps the receipt from the person."""
        signed = self._signed(order.ids[0], order.requested_at)
        ordered = self._store.erase(order, request_id=act.request_id)
        erasure = ordered.erasure
        if erasure is None:
            return None, ordered
        if ordered.outcome is Erased.REPEATED:  # the first answer may have been lost (decision 0048)
            signed = self._signed(erasure.id, erasure.requested_at)
        done = self._finished(erasure) if erasure.completed_at is None else erasure
        return ErasureReceipt(erasure=done, receipt=signed, secret=names[erasure.id]), ordered

    def _signed(self, erasure_id: UUID, requested_at: datetime) -> str:
        return self._signer.sign(receipt(erasure_id, requested_at), RECEIPT_TYPE)

    def _finished(self, erasure: Erasure) -> Erasure:
        try:
            return self.finish(erasure)
        except DependencyUnavailable:
            warn("erasure_pending")
            return erasure
