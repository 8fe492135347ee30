"""What phones were told was done, written down as they are told, and looked for afterwards (F0).

A 503 may have been done or not; whatever was answered with success is there, however the service was hurt
meanwhile: as a record of the act, which outlives the person, and as the state that the act led to.
"""

import json
from base64 import urlsafe_b64decode
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from tests.world import Reply, World

LOGOUT = "/auth/logout"
RECORDED = (
    "SELECT session_id::text, kind, count(*) FROM audit_events WHERE kind LIKE 'session.%%' GROUP BY 1, 2"
)
GENERATIONS = "SELECT id::text, generation FROM sessions"
LIVE = "SELECT id::text FROM sessions WHERE ended_at IS NULL"
ANSWERS = "SELECT user_id::text, kind, action = 'granted' FROM consent_events"


@dataclass
class Told:
    """The answers with success of one world."""

    successors: dict[str, set[str]] = field(default_factory=dict)  # refresh tokens, by session
    ended: set[str] = field(default_factory=set)
    erasures: set[str] = field(default_factory=set)
    consents: set[tuple[str, str, bool]] = field(default_factory=set)

    def hear(self, method: str, path: str, body: object, token: str | None, reply: Reply) -> None:
        """Write down one answer."""
        if not 200 <= reply.status < 300:
            return
        said = reply.body if isinstance(reply.body, dict) else {}
        asked = body if isinstance(body, dict) else {}
        if "refresh_token" in said:
            self.successors.setdefault(said["session"]["id"], set()).add(said["refresh_token"])
        if (method, path) == ("POST", LOGOUT) and not asked.get("all_devices"):
            self.ended.add(_session_of(asked.get("refresh_token"), token))
        if method == "DELETE" and path.startswith("/sessions/"):
            self.ended.add(path.removeprefix("/sessions/"))
        if (method, path) == ("DELETE", "/account"):
            self.erasures.add(said["erasure"]["id"])
        if (method, path) == ("POST", "/consents") and token is not None:
            user_id = _claims(token)["sub"]
            self.consents |= {(user_id, one["document"], one["granted"]) for one in asked["consents"]}

    def lost(self, world: World) -> list[str]:
        """Return what was told and isn't true."""
        acts = {(session, kind): number for session, kind, number in world.rows(RECORDED)}
        generations, live = dict(world.rows(GENERATIONS)), {one for (one,) in world.rows(LIVE)}
        erasures = {one for (one,) in world.rows("SELECT id::text FROM erasures")}
        return [
            *(
                f"rotations of {one}"
                for one, tokens in self.successors.items()
                if _made(acts, one) < len(tokens)
            ),
            *(
                f"generation of {one}"
                for one, tokens in self.successors.items()
                if one in generations and generations[one] < max(map(_generation, tokens))
            ),
            *(f"end of {one}" for one in self.ended & live),
            *(f"erasure {one}" for one in self.erasures - erasures),
            *(f"consent {one}" for one in self.consents - set(world.rows(ANSWERS))),
        ]


def _made(acts: dict[tuple[str, str], int], session: str) -> int:
    """Return how many refresh tokens the record says that a session was given."""
    kinds = ("session.started", "session.refreshed", "session.presence_proved")
    return sum(acts.get((session, kind), 0) for kind in kinds)


def _generation(refresh_token: str) -> int:
    return int(refresh_token.split(".")[1])


def _session_of(refresh_token: str | None, access_token: str | None) -> str:
    if refresh_token is not None:
        return str(UUID(bytes=urlsafe_b64decode(refresh_token.split(".")[0] + "=")[:16]))
    return str(_claims(access_token or "")["sid"])


def _claims(access_token: str) -> dict[str, Any]:
    claims: dict[str, Any] = json.loads(urlsafe_b64decode(access_token.split(".")[1] + "=="))
    return claims
