"""The real handler behind the local stack's server, for clients in Node: they move its clock."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from chalice.config import Config

from local.dev_server import DevAnswer, Form, serving
from local.gateway import STAGE, Gateway, Inbound, Outbound
from local.server import create_server
from tests.simulation.ledger import Ledger
from tests.world import Reply, World

SIGN_IN = ("/auth/google", "/auth/apple")
NOW = "x-simulated-now"  # milliseconds since 1970, where a client brings a clock of its own


@dataclass
class Stage:
    """One service for clients in other processes: where it is, where its levers are, what it answered."""

    world: World
    url: str = ""
    control: str = ""
    ledger: Ledger = field(default_factory=Ledger)
    sessions: dict[str, str] = field(default_factory=dict)  # by refresh token
    lock: threading.Lock = field(default_factory=threading.Lock)

    def token(self, form: Form) -> DevAnswer:
        """Return an ID token of a development provider."""
        people, email = self.world.people, form["email"]
        claims: dict[str, Any] = {"now": self.world.clock.now(), "nonce": form["nonce"]}
        subject = people.subject(form["provider"], email)
        made = people.token(
            form["provider"], subject=subject, email=email, name=email.partition("@")[0], **claims
        )
        return DevAnswer(200, {"id_token": made})

    def advance(self, form: Form) -> DevAnswer:
        """Let time pass."""
        with self.lock:
            self.move(self.world.clock.now().timestamp() + float(form["seconds"]))
        return DevAnswer(200, {})

    def time(self, _form: Form) -> DevAnswer:
        """Return the service's time in milliseconds."""
        return DevAnswer(200, {"now": self.world.clock.now().timestamp() * 1000})

    def move(self, moment: float) -> None:
        """Let the clock go on to a moment; it never goes back."""
        gone = datetime.fromtimestamp(moment, UTC) - self.world.clock.now()
        if gone.total_seconds() > 0:
            self.world.clock.advance(gone)

    def before(self, inbound: Inbound) -> None:
        """Let the clock be what a simulated client says."""
        if told := inbound.headers.get(NOW):
            with self.lock:
                self.move(float(told) / 1000)

    def after(self, inbound: Inbound, outbound: Outbound) -> None:
        """Keep an answer to a sign-in or a refresh, whether its client hears it or not."""
        path = inbound.target.partition("?")[0]
        if path not in {*SIGN_IN, "/auth/refresh"}:
            return
        reply = Reply(int(outbound.status), {}, json.loads(outbound.body))
        with self.lock:
            if reply.status == 200:
                self.sessions[reply.body["refresh_token"]] = reply.body["session"]["id"]
            if path in SIGN_IN:
                self.ledger.signed_in(reply)
                return
            session_id = self.sessions[json.loads(inbound.body)["refresh_token"]]
            self.ledger.refreshed(session_id, reply)


class KeepingGateway(Gateway):
    """The local gateway, whose every answer a stage sees."""

    stage: Stage

    def answer(self, inbound: Inbound) -> Outbound:
        """Return what the handler answers."""
        self.stage.before(inbound)
        outbound = super().answer(inbound)
        self.stage.after(inbound, outbound)
        return outbound


@contextmanager
def on_stage(world: World) -> Iterator[Stage]:
    """Serve a world while the context lasts."""
    stage = Stage(world)
    server = create_server(world.app, 0)
    config = Config(chalice_stage=STAGE, config_from_disk={"app_name": world.app.app_name})
    gateway = KeepingGateway(world.app, config)
    gateway.stage, gateway.authority = stage, server.gateway.authority
    server.gateway = gateway
    stage.url = f"http://{gateway.authority}"
    world.settings = replace(world.settings, issuer_url=stage.url, limits_are_lifted=True)
    world.services = world.container()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    levers = {
        ("POST", "/token"): stage.token,
        ("POST", "/advance"): stage.advance,
        ("GET", "/time"): stage.time,
    }
    try:
        with serving(levers, "control") as control:
            stage.control = control
            yield stage
    finally:
        server.drain()
        thread.join()
