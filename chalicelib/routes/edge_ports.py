"""What the edge itself needs of the services, before and after a handler; they fit by their shape alone."""

from collections.abc import Collection, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Protocol

from chalicelib.domain.dpop import OfferedToken, Proof, Target
from chalicelib.domain.limits import Limit, Taking
from chalicelib.domain.tokens import AccessClaims, Scope


class Clock(Protocol):
    """What the edge needs of time."""

    def now(self) -> datetime:
        """Return aware UTC."""

    def monotonic(self) -> float:
        """Return seconds that never run backwards."""


class BearerCheck(Protocol):
    """What the edge needs to let a bearer through."""

    def authenticate(self, token: str, scope: Scope) -> AccessClaims:
        """Return who calls, and with which session.

        Raises:
            ServiceError: not now, not with this token, or not for this scope.
        """


class ProofCheck(Protocol):
    """What the edge needs to let the holder of a key through."""

    def read(self, headers: Sequence[str], target: Target) -> Proof | None:
        """Return the proof that came with a request, None for none. Raises InvalidDpopProof, UseDpopNonce."""

    def admit(
        self, jkt: str | None, offered: OfferedToken, headers: Sequence[str], target: Target
    ) -> Proof | None:
        """Return the proof that opens an access token, None for one that isn't bound; raises as `read`.

        Raises InvalidAccessToken too: bound to another key, or not sent as what it is.
        """

    def next_nonce(self, proof: Proof | None) -> str | None:
        """Return the nonce for the phone's next proof, if it needs one."""


class RefusalRecord(Protocol):
    """What the edge tells of its answers."""

    def answered(self, route: str, code: str | None, request_id: str, *, is_free: bool) -> None:
        """Take note of an answer; `is_free` if its route never looks at the database. Never raises."""


class LimitCheck(Protocol):
    """What the edge needs to turn away who asks too often."""

    def guarding(
        self, limits: Sequence[Limit], address: str | None, *, takes_place: bool
    ) -> AbstractContextManager[Taking | None, bool | None]:
        """Return what a request is answered in; with `takes_place`, the place that its function takes.

        Raises:
            ServiceError: on entering or leaving, when a limit by address is reached.
        """


class Gate(Protocol):
    """What keeps people away from a database that must not serve them."""

    def ensure_open(self) -> None:
        """Let through, or raise DependencyUnavailable."""


class EdgeServices(Protocol):
    """The part of the services that the edge itself uses."""

    @property
    def clock(self) -> Clock:
        """The clock."""

    @property
    def access(self) -> BearerCheck:
        """The bearer check."""

    @property
    def limits(self) -> LimitCheck:
        """The limits."""

    @property
    def gate(self) -> Gate:
        """What is asked before and after a handler."""

    @property
    def proofs(self) -> ProofCheck:
        """The check of proofs."""

    @property
    def cors_origins(self) -> Collection[str]:
        """The origins of apps on the web."""

    @property
    def refusals(self) -> RefusalRecord:
        """The record of what was refused."""
