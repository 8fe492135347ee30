"""Proofs of a phone's key (RFC 9449), read against the request that they came with.

The function that a request calls uses its proof up (sql/dpop.sql).
"""

from collections.abc import Callable, Sequence
from datetime import datetime

from chalicelib.domain.dpop import (
    PROOF_WINDOW,
    OfferedToken,
    Proof,
    SignedProof,
    Target,
    accepted,
    check_holder,
    check_refresher,
    check_scheme,
    check_target,
    is_timely,
)
from chalicelib.domain.dpop_nonces import NONCE_LIFETIME, NonceDemand
from chalicelib.domain.errors import InvalidDpopProof, UseDpopNonce
from chalicelib.services.ports import Clock
from chalicelib.services.secrets import Secrets


class Proofs:
    """Checks proofs; may raise DependencyUnavailable."""

    def __init__(
        self,
        *,
        read_proof: Callable[[str], SignedProof],
        secrets: Secrets,
        demand: NonceDemand,
        scheme: str,
        clock: Clock,
    ) -> None:
        """Take what verifies a signature; `scheme` is that of our URLs, which the gateway doesn't tell."""
        self._read_proof = read_proof
        self._secrets = secrets
        self._demand = demand
        self._scheme = scheme
        self._clock = clock

    def read(self, headers: Sequence[str], target: Target) -> Proof | None:
        """Return the proof that came with a request, if one did, right for it in all but its key.

        Raises:
            InvalidDpopProof: several, or one that fails a check of RFC 9449 s4.3.
            UseDpopNonce: nothing else is missing than a fresh nonce.
        """
        if not headers:
            return None
        if len(headers) > 1:
            raise InvalidDpopProof  # check 1
        signed = self._read_proof(headers[0])
        check_target(signed, target, self._scheme)
        return accepted(signed, until=self._good_until(signed))

    def admit(
        self, jkt: str | None, offered: OfferedToken, headers: Sequence[str], target: Target
    ) -> Proof | None:
        """Return the proof that opens an access token, to be used up; None for a token that needs none.

        Raises:
            InvalidAccessToken: bound and not sent as DPoP, or the other way round, or bound to another key.
            InvalidDpopProof, UseDpopNonce: as `read`; or no proof came, or one for another token.
        """
        check_scheme(jkt, offered)
        return self.open(jkt, offered, None if jkt is None else self.read(headers, target))

    @staticmethod
    def open(jkt: str | None, offered: OfferedToken, proof: Proof | None) -> Proof | None:
        """Return what `admit` does, of a proof that was read already. Raises as `admit`."""
        check_scheme(jkt, offered)
        return None if jkt is None else check_holder(jkt, proof, offered)

    @staticmethod
    def refresh(jkt: str | None, proof: Proof | None) -> Proof | None:
        """Return the proof that opens a refresh token, to be used up; None for one that needs none.

        Raises:
            RefreshTokenInvalid: bound to another key.
            InvalidDpopProof: it is bound, and no proof came.
        """
        return None if jkt is None else check_refresher(jkt, proof)

    def next_nonce(self, proof: Proof | None) -> str | None:
        """Return the nonce for the next proof of a phone that needed one for this (s8.2)."""
        if proof is None or not proof.has_nonce:
            return None
        return self._secrets.issue_dpop_nonce(self._clock.now())

    def _good_until(self, signed: SignedProof) -> datetime:
        """Return when a proof is too old, by its nonce or else by the phone's clock (check 11)."""
        now = self._clock.now()
        if signed.nonce is not None:
            return self._dated(signed.nonce, now) + NONCE_LIFETIME
        if self._demand is NonceDemand.REQUIRED or not is_timely(signed, now):
            raise UseDpopNonce(dpop_nonce=self._secrets.issue_dpop_nonce(now))
        return signed.issued_at + PROOF_WINDOW

    def _dated(self, nonce: str, now: datetime) -> datetime:
        issued_at = self._secrets.dpop_nonce_issued_at(nonce, now)
        if issued_at is None:
            raise UseDpopNonce(dpop_nonce=self._secrets.issue_dpop_nonce(now))
        return issued_at
