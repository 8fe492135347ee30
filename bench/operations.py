"""What is measured, in the order in which a phone does it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from bench.phones import Phone


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One kind of request; its promises: `target` (milliseconds of CPU), `statements_max`, `kms_max`."""

    name: str
    request: Callable[[Phone], dict[str, Any]]
    floor: tuple[str, ...]
    statements_max: int
    target: float | None = None
    kms_max: int = 0
    rounds: int = 1

    def promised(self) -> dict[str, Any]:
        """Return the promises, and what the floor is made of, for JSON."""
        return {
            "floor": list(self.floor),
            "cpu_ms_target": self.target,
            "statements_max": self.statements_max,
            "kms_calls_max": self.kms_max,
        }


OPERATIONS: Final = (
    Operation(
        name="new sign-in",
        request=Phone.sign_in,
        floor=(
            "RS256 verify",
            "ES256 sign",
            "committed statement",
            "committed statement",
            "reading statement",
        ),
        statements_max=3,
        target=1.2,
        kms_max=1,
    ),
    Operation(
        name="known sign-in",
        request=Phone.sign_in,
        floor=("RS256 verify", "ES256 sign", "committed statement", "committed statement"),
        statements_max=2,
        target=0.9,
        rounds=3,
    ),
    Operation(
        name="refresh",
        request=Phone.refresh,
        floor=("ES256 sign", "committed statement"),
        statements_max=1,
        target=0.5,
        rounds=5,
    ),
    Operation(
        name="bearer check",
        request=Phone.sessions,
        floor=("ES256 verify", "reading statement"),
        statements_max=1,
        target=0.5,
        rounds=5,
    ),
    Operation(
        name="account",
        request=Phone.account,
        floor=("ES256 verify", "reading statement"),
        statements_max=1,
        rounds=5,
    ),
    Operation(
        name="logout",
        request=Phone.logout,
        floor=("committed statement",),
        statements_max=1,
    ),
)
SIGN_INS: Final = sum(op.rounds for op in OPERATIONS if op.request is Phone.sign_in)
