"""The faults that the service withstands, and what each one may do; docs/faults.md shows which tests hold it.

A test belongs to a row by citing it: a comment such as `# F-12` on the line of the scene that is the fault.
"""

from dataclasses import dataclass

RULE = """\
**F0, the rule of all rows**: a dependency's failure is 503 with `Retry-After` (problem+json, `no-store`)
within 10 s; never a request let through, never 401 or 400, never a trace. When it is over, the same
credentials work. Nothing that was confirmed is lost; nothing is done twice."""


@dataclass(frozen=True, slots=True)
class Row:
    """One fault and its outcome."""

    id: str
    fault: str
    outcome: str


ROWS = (
    Row("F-1", "Database refuses connections", "F0; JWKS and health 200, ready 503"),
    Row("F-2", "Database black-holed or slow", "F0; 100 parallel requests are all answered in time"),
    Row("F-3", "Failover in mid-transaction (57P01, 08006, 25006)", "Retried once on a new connection"),
    Row("F-4", "Connection stale after a thaw", "The first statement is sent again: 200"),
    Row("F-5", "Connection lost during COMMIT", "Outcome read back; one successor, one account"),
    Row("F-6", "Serialization failure, deadlock, lock held", "Bounded retries, then 503; no partial rows"),
    Row("F-7", "Connections exhausted (53300)", "503 at once; requests that have a connection succeed"),
    Row("F-8", "KMS throttled", "Backoff within the budget, then 503; no transaction is open meanwhile"),
    Row("F-9", "KMS denied or its key disabled", "503 and an alarm, no retry; refresh and bearer check work"),
    Row("F-10", "KMS times out", "As F-8"),
    Row("F-11", "Ciphertext or wrapped key corrupted or swapped", "500 `integrity` for that record only"),
    Row("F-12", "Provider's keys unreachable, cache warm", "Sign-in works up to the staleness limit"),
    Row("F-13", "Provider's keys unreachable, cache cold", "Sign-in 503, everything else 200"),
    Row("F-14", "Provider's keys rotated", "Noticed within a minute; unknown kids cause no storm"),
    Row("F-15", "Provider's keys poisoned", "The old good set stays"),
    Row("F-16", "Clock off by 5 minutes, or jumping back", "Leeway; order by counter; no negative lifetimes"),
    Row("F-17", "Parallel refreshes of one token", "One new generation; all get it"),
    Row("F-18", "Response lost and request repeated", "The same successor"),
    Row("F-19", "Grandparent presented inside the window", "Always reuse: the session ends"),
    Row("F-20", "Process killed at any step", "Nothing, or all of it after a retry; one audit record an act"),
    Row("F-21", "Refresh against logout, erasure or withdrawal", "One order, one effect"),
    Row("F-22", "Logout, erasure or consent sent twice", "One effect, one record"),
    Row(
        "F-23",
        "Suspended or erased person with live tokens",
        "Refused at once; whoever returns after an erasure is a new person",
    ),
    Row(
        "F-24", "Backup from before an erasure restored", "Unreadable; ready 503 until erasures are replayed"
    ),
    Row("F-25", "The same backup revives rotated tokens", "Every refresh token from before is dead"),
    Row("F-26", "ID token replayed", "Refused, except for the exact retry"),
    Row("F-27", "ID token expires while the database waits", "Decided once, by the time of arrival"),
    Row("F-28", "Bodies that are huge, deep, or not JSON", "400, 413 or 415; never 5xx"),
    Row("F-30", "Signing key rotated under traffic", "No failed request"),
    Row("F-31", "Data keys or the index key rotated under traffic", "No failed request"),
    Row("F-32", "Migration down and up under traffic", "Lock timeout; 200, or 503 and 200 when repeated"),
    Row("F-33", "Audit record not writable", "The act is refused"),
    Row("F-34", "Audit record edited, deleted, inserted, reordered, cut", "The first bad record is named"),
    Row("F-35", "Limits' table unavailable", "A stated choice per route; never unlimited sign-in"),
    Row(
        "F-36",
        "Function frozen for hours",
        "Stale connections, keys and caches are noticed by the wall clock",
    ),
    Row("F-37", "Database read-only or full", "F0"),
    Row(
        "F-38",
        "Retry storm after an outage",
        "`Retry-After` is spread; all get responses in time and recover",
    ),
    Row(
        "F-39",
        "Old or restored data under a new release, new data under the old one",
        "Sealed profiles, devices, choices and provider tokens of every release are read; nobody gets 500",
    ),
    Row("F-45", "Connection dropped in silence after 350 s without traffic", "Replaced before it is used"),
)
