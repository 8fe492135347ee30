"""Room in every real time limit, so that no test depends on how busy the machine is.

The service gives its dependencies a few seconds. On a busy machine even a healthy one takes longer, and a
test of something else would see a refusal. Tests of the limits themselves use the fixture `true_limits`.
"""

from typing import Final, cast

import pytest

from chalicelib import budget
from chalicelib.clients import aws, bounded_http
from chalicelib.postgres.roles import LOGIN_ROLES
from tests.aws_tap import forget_clients

ROOM: Final = 30
HANG_SECONDS: Final = 300.0  # only what hangs takes so long
_defaults: Final = cast("dict[str, float]", bounded_http.BoundedHttp.__init__.__kwdefaults__)
_within: Final = budget.within  # every wait asks it
_request: Final = budget.REQUEST
_seconds: Final = {
    (module, name): getattr(module, name)
    for module, name in (
        (aws, "CONNECT_SECONDS"),
        (aws, "READ_SECONDS"),
        (bounded_http, "CONNECT_TIMEOUT_SECONDS"),
    )
}


def room_for_statements(database: str) -> str:
    """Return what lets statements in a database take so many times longer than the roles' limits."""
    return "".join(
        f"ALTER ROLE {role} IN DATABASE {database} SET statement_timeout = '{3 * ROOM}s';"
        for role in LOGIN_ROLES
    )


def give_time(patch: pytest.MonkeyPatch, room: int = ROOM) -> None:
    """Let the service wait so many times longer for whatever it waits for; 1 is what production has."""
    patch.setattr(budget, "within", lambda seconds: _within(seconds) * room)
    patch.setattr(budget, "REQUEST", _request * room)
    patch.setitem(_defaults, "read_timeout_seconds", bounded_http.READ_TIMEOUT_SECONDS * room)
    forget_clients()
    for (module, name), seconds in _seconds.items():
        patch.setattr(module, name, seconds * room)
