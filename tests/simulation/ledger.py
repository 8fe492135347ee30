"""What the service answered, heard or not: the laws are about this, not about what phones got to know."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field

from tests.world import Reply, World

KINDS = ("session.started", "session.refreshed", "session.reuse_detected")
RECORDED = "SELECT session_id::text, kind, count(*) FROM audit_events WHERE kind = ANY(%s) GROUP BY 1, 2"


@dataclass
class Ledger:
    """All answers, by session; and what broke a law."""

    successors: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    started: set[str] = field(default_factory=set)
    reused: set[str] = field(default_factory=set)
    robbed: set[str] = field(
        default_factory=set
    )  # sessions whose token was presented by a thief, without a key
    statuses: Counter[int] = field(default_factory=Counter)
    signed_out: list[str] = field(default_factory=list)  # honest phones that were refused
    survivors: list[str] = field(default_factory=list)  # sessions that went on after a reuse, or with a thief

    def signed_in(self, reply: Reply) -> Reply:
        """Note an answer to a sign-in."""
        self.statuses[reply.status] += 1
        if reply.status == 200:
            self.started.add(reply.body["session"]["id"])
        return reply

    def refreshed(self, session_id: str, reply: Reply) -> Reply:
        """Note an answer to a refresh of a session, whoever asked."""
        self.statuses[reply.status] += 1
        if reply.code == "refresh_token_reused":
            self.reused.add(session_id)
        if reply.status == 200:
            self.successors[session_id].add(reply.body["refresh_token"])
            if session_id in self.reused:
                self.survivors.append(session_id)
        return reply

    def refused(self, session_id: str, reply: Reply) -> None:
        """Note that a phone was told to drop its tokens."""
        if session_id not in self.robbed:
            self.signed_out.append(f"{session_id}: {reply.status} {reply.code}")

    def told(self) -> str:
        """Return a line of what happened."""
        refreshes = sum(map(len, self.successors.values()))
        return (
            f"{len(self.started)} sessions, {refreshes} rotations, {len(self.reused)} ended by reuse;"
            f" answers {dict(sorted(self.statuses.items()))}; signed out: {len(self.signed_out)},"
            f" stolen and alive: {len(self.survivors)}"
        )

    def wrongly_recorded(self, world: World) -> list[str]:
        """Return each session whose acts don't have exactly one audit record each."""
        found = {(session_id, kind): number for session_id, kind, number in world.rows(RECORDED, [*KINDS])}
        due = {(session_id, "session.started"): 1 for session_id in self.started}
        due |= {(one, "session.refreshed"): len(tokens) for one, tokens in self.successors.items() if tokens}
        due |= {(session_id, "session.reuse_detected"): 1 for session_id in self.reused}
        wrong = sorted(set(due.items()) ^ set(found.items()))
        return [f"{session_id}: {kind}, {number}" for (session_id, kind), number in wrong]
