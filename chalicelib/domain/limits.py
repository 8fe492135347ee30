"""How often anyone may ask: every limit of the service, with its reason, and the rule that all of them obey.

The rule is GCRA (ITU-T I.371): a bucket is one time, the theoretical arrival of the next request if all came
evenly. A whole quota may come at once; then one more each `window / quota`. In any window at most two quotas
pass, over time exactly one.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from ipaddress import IPv6Address, ip_address

IPV6_SUBSCRIBER_BITS = 64  # the least a subscriber gets (RFC 6177); within it, addresses are free to make up
UNKNOWN_ADDRESS = "unknown"  # one bucket for all of them: the gateway always tells the address
MINUTE = timedelta(minutes=1)


class LimitedBy(StrEnum):
    """Whose requests are counted together."""

    ADDRESS = "address"  # as the gateway saw it (A4), an IPv6 one by its /64
    PERSON = "person"  # consumed only by whom their provider, or we, vouched for (A3)
    SESSION = "session"


class Counts(StrEnum):
    """What is counted."""

    REQUESTS = "requests"
    REFUSALS = "refusals"


class Kept(StrEnum):
    """Where the bucket is, and so what happens when it can't be had (F-35)."""

    DATABASE = "database"  # no database, no answer: 503, which the route would say a moment later anyway
    DATABASE_OR_CONTAINER = "database_or_container"  # without it, each container counts by itself
    CONTAINER = "container"  # what costs the database nothing is limited without it


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """So many in a window; `name` is API, as the policy in RateLimit fields."""

    name: str
    by: LimitedBy
    quota: int
    window: timedelta
    kept: Kept
    counts: Counts = Counts.REQUESTS
    reason: str = field(repr=False)

    @property
    def interval(self) -> timedelta:
        """How long one request takes to be forgotten."""
        return self.window / self.quota

    def is_full(self, arrives_at: datetime, now: datetime) -> bool:
        """Tell whether a bucket takes no more; one beyond all reason was filled by a clock that was ahead."""
        return now + self.window - self.interval < arrives_at <= now + 2 * self.window

    def taken(self, arrives_at: datetime | None, now: datetime) -> datetime:
        """Return a bucket with one request more."""
        is_usual = arrives_at is not None and now < arrives_at <= now + 2 * self.window
        return (arrives_at if arrives_at is not None and is_usual else now) + self.interval

    def wait(self, arrives_at: datetime, now: datetime) -> timedelta:
        """Return how long a full bucket takes no more: a window at most, whatever clocks did."""
        return min(max(arrives_at + self.interval - self.window - now, timedelta(0)), self.window)


@dataclass(slots=True, kw_only=True)
class Taking:
    """One request that asks for its place in a bucket; `index` is a keyed hash of `subject`, whose it is.

    The code that learns whether the place was taken sets `is_settled`.
    """

    limit: Limit
    subject: str = field(repr=False)
    index: bytes
    now: datetime
    is_settled: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """Whether a request got its place, and the bucket as it is now."""

    is_admitted: bool
    arrives_at: datetime


SIGN_IN_BY_ADDRESS = Limit(
    name="sign-in-address",
    by=LimitedBy.ADDRESS,
    quota=600,
    window=10 * MINUTE,
    kept=Kept.DATABASE,
    reason="A clinic or a carrier's NAT shows hundreds of people as one address, and after a restore all of "
    "them sign in again: 600 at once, then 60 a minute. Of a flood of 200/s, one in 200 gets through.",
)
SIGN_IN_BY_PERSON = Limit(
    name="sign-in-person",
    by=LimitedBy.PERSON,
    quota=60,
    window=10 * MINUTE,
    kept=Kept.DATABASE,
    reason="Five devices that each retry three times are 20; an app in a loop of sign-ins would fill tables. "
    "Counted once the provider's signature was verified, so nobody else can use it up (A3).",
)
CHALLENGES = Limit(
    name="challenges",
    by=LimitedBy.ADDRESS,
    quota=600,
    window=10 * MINUTE,
    kept=Kept.DATABASE_OR_CONTAINER,
    reason="As many as sign-ins. A nonce stores nothing, so without the database they go on.",
)
REFRESH_FAILURES_BY_ADDRESS = Limit(
    name="refresh-failures-address",
    by=LimitedBy.ADDRESS,
    quota=300,
    window=5 * MINUTE,
    kept=Kept.CONTAINER,
    counts=Counts.REFUSALS,
    reason="A forged token costs no query, and so does its limit. Never asked of a good token: neighbours "
    "behind one address stay signed in.",
)
REFRESH_FAILURES_BY_SESSION = Limit(
    name="refresh-failures-session",
    by=LimitedBy.SESSION,
    quota=30,
    window=5 * MINUTE,
    kept=Kept.DATABASE,
    counts=Counts.REFUSALS,
    reason="A genuine token that fails once fails for ever, so a loop with it ends in a container's memory. "
    "Only holders of a session's own tokens can fill it, and then the session is over.",
)
EXPORTS = Limit(
    name="exports",
    by=LimitedBy.SESSION,
    quota=30,
    window=10 * MINUTE,
    kept=Kept.DATABASE,
    reason="An export reads all rows of a person and opens them, some in several parts. By session: a thief "
    "of one session can't keep the person from their data (GDPR art. 15).",
)
BIOMETRICS = Limit(
    name="biometrics",
    by=LimitedBy.SESSION,
    quota=60,
    window=10 * MINUTE,
    kept=Kept.DATABASE,
    reason="A challenge and its proof are two requests; 30 proofs in 10 minutes are more than people give.",
)
LINKS = Limit(
    name="links",
    by=LimitedBy.SESSION,
    quota=30,
    window=10 * MINUTE,
    kept=Kept.DATABASE,
    reason="Ten identities are the most, each may take some tries; a try verifies a signature and takes the "
    "person's lock.",
)
OAUTH = Limit(
    name="oauth",
    by=LimitedBy.ADDRESS,
    quota=6000,
    window=MINUTE,
    kept=Kept.DATABASE,
    reason="Backends ask for many people from few addresses: 100 a second.",
)
EVENTS = Limit(
    name="events",
    by=LimitedBy.ADDRESS,
    quota=600,
    window=MINUTE,
    kept=Kept.DATABASE,
    reason="A provider tells of many people from few addresses, and repeats what was refused (RFC 8935).",
)
LIMITS = (
    *(SIGN_IN_BY_ADDRESS, SIGN_IN_BY_PERSON, CHALLENGES, REFRESH_FAILURES_BY_ADDRESS),
    *(REFRESH_FAILURES_BY_SESSION, EXPORTS, BIOMETRICS, LINKS, OAUTH, EVENTS),
)


def client_prefix(address: str | None) -> str:
    """Return whose address it is: an IPv4 address is somebody's as it is, of an IPv6 one the first 64 bits.

    A /24 of IPv4 would be 256 strangers; one attacker who has all of it is for the WAF.
    """
    try:
        parsed = ip_address((address or "").partition("%")[0])
    except ValueError:
        return UNKNOWN_ADDRESS
    if not isinstance(parsed, IPv6Address):
        return str(parsed)
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    prefix = int(parsed) >> (128 - IPV6_SUBSCRIBER_BITS) << (128 - IPV6_SUBSCRIBER_BITS)
    return f"{IPv6Address(prefix)}/{IPV6_SUBSCRIBER_BITS}"
