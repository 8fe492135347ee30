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
    ANSWERED_AGAIN,
    RECEIPT_TYPE,
    Erasure,
    ErasureOrder,
    ErasureReceipt,
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
from chalicelib.services.store_ports import SessionStore


class Signer(Protocol):
    """Signs what people take away."""

    def sign(self, document: Mapping[str, Any], typ: str) -> str:
        """Return a JWS."""


class ErasureService:
    """Erasures."""

    def __init__(  # noqa: PLR0913 - an erasure touches nine things, each named at the call
        self,
        *,
        store: ErasureStore,
        ledger: ErasureLedger,
        watch: RestoreWatch,
        keys: DataKeys,
        sessions: SessionStore,
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
        self._sessions = sessions
        self._signer = signer
        self._clock = clock
        self._secrets = secrets

    def request(self, claims: AccessClaims, act: Act) -> ErasureReceipt:
        """Erase the person who asks; asked again with the same token, answer again.

        Raises SessionRevoked, AccountSuspended.
        """
        erased = self._erased(claims.user_id, claims.session_id, Origin.PERSON, {}, act)
        if erased is None:
            raise self._refusal(claims, act)
        return erased

    def erase(self, user_id: UUID, *, reason: str, actor: str, act: Act) -> ErasureReceipt:
        """Erase a person, active or suspended, for an operator; both texts stay in the audit record.

        Raises NotFound: there is no such person, or they were erased before, and not just now by an operator.
        """
        told = {"actor": actor, "reason": reason}
        erased = self._erased(user_id, None, Origin.OPERATOR, told, act)
        if erased is None:
            raise NotFound
        return erased

    def state(self, erasure_id: UUID, secret: str | None) -> Erasure:
        """Return an erasure to who has its secret. Raises NotFound, for a wrong secret too (A1)."""
        found = self._store.with_secret(erasure_id, hash_of(secret or ""))
        if found is None:
            raise NotFound
        return found

    def finish_pending(self) -> int:
        """Complete what was interrupted, and return how many. Raises DependencyUnavailable."""
        count = 0
        while pending := self._store.pending():
            for erasure in pending:
                self.finish(erasure)
                count += 1
        return count

    def finish(self, erasure: Erasure) -> Erasure:
        """Do what follows the transaction; all of it can be repeated. Raises DependencyUnavailable."""
        self._ledger.record(erasure)
        self._provider_grants.end(erasure.user_id)
        self._keys.discard(erasure.user_id)
        completed_at = self._clock.now()
        self._store.complete(erasure.id, now=completed_at)
        return replace(erasure, completed_at=completed_at)

    def _erased(
        self, user_id: UUID, session_id: UUID | None, origin: Origin, details: Mapping[str, str], act: Act
    ) -> ErasureReceipt | None:
        """Look and sign before the transaction: nothing behind it keeps the receipt from the person."""
        self._watch.ensure_current()
        names = self._secrets.erasures(origin, session_id or user_id)
        erasure_id, secret = names[0]
        order = ErasureOrder(
            id=erasure_id,
            user_id=user_id,
            session_id=session_id,
            secret_hash=hash_of(secret),
            requested_at=self._clock.now(),
            origin=origin,
            details=details,
        )
        signed = self._signed(order.id, order.requested_at)
        erasure = self._committed(order, act)
        if erasure is None:
            return self._answered_again(order, names)
        return ErasureReceipt(erasure=self._finished(erasure), receipt=signed, secret=secret)

    def _answered_again(
        self, order: ErasureOrder, names: tuple[tuple[UUID, str], ...]
    ) -> ErasureReceipt | None:
        """Return the receipt again to the session that asked before and may have lost it (decision 0048)."""
        for erasure_id, secret in names:
            erasure = self._store.find(erasure_id)
            if erasure is not None and order.requested_at - erasure.requested_at <= ANSWERED_AGAIN:
                signed = self._signed(erasure.id, erasure.requested_at)
                done = self._finished(erasure) if erasure.completed_at is None else erasure
                return ErasureReceipt(erasure=done, receipt=signed, secret=secret)
        return None

    def _signed(self, erasure_id: UUID, requested_at: datetime) -> str:
        return self._signer.sign(receipt(erasure_id, requested_at), RECEIPT_TYPE)

    def _committed(self, order: ErasureOrder, act: Act) -> Erasure | None:
        try:
            return self._store.erase(order, request_id=act.request_id)
        except DependencyUnavailable:
            found = self._store.find(order.id)  # the answer to COMMIT may be all that was lost (F-5)
            if found is None:
                raise
            return found

    def _finished(self, erasure: Erasure) -> Erasure:
        try:
            return self.finish(erasure)
        except DependencyUnavailable:
            warn("erasure_pending")
            return erasure

    def _refusal(self, claims: AccessClaims, act: Act) -> SessionRevoked:
        now = self._clock.now()
        own = self._sessions.find(claims.session_id, locale=act.locale, now=now)
        if own is not None:
            own.session.ensure_live(now)
        return SessionRevoked()
