"""Which refusals an auditor wants to see, and how they are counted: by route and code, not by person.

A count says that somebody tries keys, tokens or accounts. Who it was can't be said without an address, and an
address is personal data (decision 0043). Routine refusals (an expired token, a missing consent) don't count.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from chalicelib.domain import errors

RECORD_INTERVAL = timedelta(minutes=1)  # one record a container and minute, however many it refuses
# Refused without a look at the database, which anyone could otherwise keep busy: a forged token costs no
# query (O7). A reused refresh token has an event of its own besides.
FREE = frozenset(
    error.code
    for error in (
        errors.InvalidDpopProof,
        errors.CallerNotAuthorized,
        errors.InvalidIdToken,
        errors.RateLimited,
        errors.InvalidNonce,
        errors.InvalidAccessToken,
        errors.InsufficientScope,
        errors.InsufficientUserAuthentication,
        errors.RefreshTokenInvalid,
        errors.RefreshTokenReused,
        errors.SecurityEventRefused,
        errors.UseDpopNonce,
    )
)
_ROUTINE = frozenset({errors.UseDpopNonce.code})  # free too, and asked of every phone with a wrong clock
NOTED = (FREE - _ROUTINE) | {
    errors.IdTokenUsed.code,
    errors.SessionRevoked.code,
    errors.AccountSuspended.code,
    errors.IntegrityFailure.code,  # F-11: no refusal, but somebody may have tampered
}
Refused = tuple[str, str]  # a route and a code


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusalCounts:
    """What was refused from one moment to another."""

    since: datetime
    counts: Mapping[Refused, int]

    def details(self) -> dict[str, object]:
        """Return it as the details of an audit event."""
        refused = [
            {"route": route, "code": code, "count": count}
            for (route, code), count in sorted(self.counts.items())
        ]
        return {"since": self.since.isoformat(), "refused": refused}

    def plus(self, later: Counter[Refused]) -> Counter[Refused]:
        """Return these counts and later ones."""
        return Counter(self.counts) + later
