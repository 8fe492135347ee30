"""What is measured, in the order in which a phone does it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from bench.phones import Phone


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One kind of request, and its promises.

    `target` and `database_target` are milliseconds of CPU, of the handler and of PostgreSQL.
    """

    name: str
    request: Callable[[Phone], dict[str, Any]]
    floor: tuple[str, ...]
    statements_max: int
    target: float | None = None
    database_target: float | None = None
    kms_max: int = 0
    rounds: int = 1

    def promised(self) -> dict[str, Any]:
        """Return the promises, and what the floor is made of, for JSON."""
        return {
            "floor": list(self.floor),
            "cpu_ms_target": self.target,
            "database_cpu_ms_target": self.database_target,
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
        ),
        statements_max=2,
        target=2.6,
        database_target=1.5,
        kms_max=1,
    ),
    Operation(
        name="known sign-in",
        request=Phone.sign_in,
        floor=("RS256 verify", "ES256 sign", "committed statement"),
        statements_max=1,
        target=1.5,
        database_target=0.9,
        rounds=3,
    ),
    Operation(
        name="refresh",
        request=Phone.refresh,
        floor=("ES256 sign", "committed statement"),
        statements_max=1,
        target=0.7,
        database_target=0.4,
        rounds=5,
    ),
    Operation(
        name="bearer check",
        request=Phone.sessions,
        floor=("ES256 verify", "reading statement"),
        statements_max=1,
        target=0.5,
        database_target=0.15,
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
