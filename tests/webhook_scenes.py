"""A backend that is told of events, and both sides of the table between."""

import base64
import hmac
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from chalicelib.services.webhooks import EndpointOrder
from tests.egress_scenes import Outside
from tests.world import World

ORDER = EndpointOrder(actor="ops-maria", reason="ticket 4711")


class Receiver:
    """A backend that keeps what it is sent, and answers what a test wants."""

    def __init__(self) -> None:
        self.url = ""
        self.status = 204
        self.got: list[tuple[dict[str, str], bytes]] = []

    @property
    def types(self) -> list[str]:
        """What kinds came, in order."""
        return [json.loads(body)["type"] for _, body in self.got]

    def verifies(self, secret: str, *, which: int = 0) -> bool:
        """Tell whether the last message is signed with a secret, as a receiver's library does."""
        headers, body = self.got[-1]
        key = base64.b64decode(secret.removeprefix("whsec_"))
        signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
        made = "v1," + base64.b64encode(hmac.digest(key, signed, "sha256")).decode()
        return headers["webhook-signature"].split(" ")[which : which + 1] == [made]


@contextmanager
def receiving() -> Iterator[Receiver]:
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            receiver.got.append(({name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(receiver.status)
            self.send_header("Location", f"{receiver.url}/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    receiver.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class Backend:
    """A receiver that is told, with both sides of the table."""

    def __init__(self, world: World, receiver: Receiver) -> None:
        self.world, self.receiver = world, receiver
        self.outside = Outside(world)
        self.endpoints = self.outside.parts.endpoints(world.jobs)
        self.carrier = self.outside.parts.carrier(world.jobs)
        self.id, secret = self.endpoints.add(receiver.url, ORDER, "test")
        assert secret is not None
        self.secret = secret

    def turn(self) -> dict[str, int]:
        """Carry, deliver and settle once."""
        self.carrier.carry()
        done = self.outside.deliver()
        self.outside.collect()
        return done

    def turns(self) -> None:
        """Do so until nothing is left."""
        while self.turn():
            pass

    def left(self) -> int:
        """Return how many events wait."""
        return int(self.world.rows("SELECT count(*) FROM outbox WHERE settled_at IS NULL")[0][0])
