"""What the small API stands on: each lets everything through, and keeps what it was asked."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

from chalicelib.domain.dpop import OfferedToken, Proof, Target, check_scheme
from chalicelib.domain.tokens import AccessClaims, Scope

NOW = datetime(2025, 3, 1, 12, 30, 15, 123456, tzinfo=UTC)
CALLER = AccessClaims(
    user_id=UUID(int=1),
    session_id=UUID(int=2),
    client_id="small-app",
    scopes=frozenset({Scope.ACCOUNT}),
    issued_at=NOW,
    expires_at=NOW + timedelta(minutes=15),
    token_id=UUID(int=3),
    auth_time=NOW,
    acr="aal1",
    amr=("google",),
)


@dataclass
class SmallAccess:
    error: Exception | None = None
    seen: list[tuple[str, Scope]] = field(default_factory=list)

    def authenticate(self, token: str, scope: Scope) -> AccessClaims:
        self.seen.append((token, scope))
        if self.error is not None:
            raise self.error
        return CALLER


class SmallProofs:
    def read(self, headers: Sequence[str], target: Target) -> None:
        return None

    def admit(self, jkt: str | None, offered: OfferedToken, headers: Sequence[str], target: Target) -> None:
        check_scheme(jkt, offered)

    def next_nonce(self, proof: Proof | None) -> None:
        return None
