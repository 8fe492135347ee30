"""The local AWS as a process of its own: `python -m local.moto_server`.

It says its port on stdout and ends when its stdin does: with the process that started it, however that ends.
"""

import os
import sys
import threading
from functools import cache

from moto.moto_server.werkzeug_app import (
    DomainDispatcherApplication,
    MotoRequestHandler,
    create_backend_app,
)
from werkzeug.serving import make_server

from local.children import HOST


class QuietHandler(MotoRequestHandler):
    """Moto's handler without a log line a request, and without Nagle's delay."""

    disable_nagle_algorithm = True

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing: request lines of AWS calls help nobody here."""


class Dispatcher(DomainDispatcherApplication):
    """Moto's dispatcher, which would list a folder of two hundred services at each request."""

    def __init__(self) -> None:
        super().__init__(create_backend_app)
        self.get_backend_for_host = cache(super().get_backend_for_host)  # type: ignore[method-assign]  # the same, kept


def end_with_starter() -> None:
    """Wait for the end of stdin, then end this process at once: it keeps nothing."""
    sys.stdin.buffer.read()
    os._exit(0)


def serve() -> None:
    """Serve KMS, DynamoDB and S3 on a free port until the starter is gone."""
    threading.Thread(target=end_with_starter, daemon=True).start()
    server = make_server(HOST, 0, Dispatcher(), threaded=True, request_handler=QuietHandler)
    print(server.server_port, flush=True)
    server.serve_forever()


if __name__ == "__main__":
    serve()
