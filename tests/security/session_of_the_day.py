"""Runs inside schemathesis, in its own environment: every request gets the bearer of a session that lives.

Requests end sessions, and accounts; whoever started the run says where a fresh bearer and the body of a real
sign-in are to be had.
"""

import json
import os
from typing import Any
from urllib.request import urlopen

import schemathesis

from tests.security.signed import sign

SIGN_IN, INTROSPECTION = "sign_in_with_google", "introspect_token"
INTROSPECT = "/oauth/introspect"


@schemathesis.auth(refresh_interval=None).skip_for(path=INTROSPECT)
class LiveSession:
    """The access token of somebody who is signed in."""

    def get(self, _case: Any, _context: Any) -> str:  # noqa: ANN401 - schemathesis isn't in our environment
        """Return a token that works now."""
        return str(given("bearer"))

    def set(self, case: Any, data: str, _context: Any) -> None:  # noqa: ANN401 - the same
        """Put it where it belongs."""
        case.headers["Authorization"] = f"Bearer {data}"


schemathesis.auth.set_from_requests(sign).apply_to(path=INTROSPECT)


@schemathesis.hook
def before_call(_context: Any, case: Any, _kwargs: Any) -> None:  # noqa: ANN401 - the same
    """Let what is well-formed be real: no generator can sign as the provider does, nor as a backend."""
    name = case.operation.definition.raw.get("operationId")
    is_well_formed = case.meta is not None and case.meta.generation.mode.is_positive
    if name == SIGN_IN and is_well_formed:
        case.body = given("sign-in")
    if name == INTROSPECTION and is_well_formed:
        case.body = {"token": given("bearer")}


def given(what: str) -> Any:  # noqa: ANN401 - JSON
    """Return what the test hands out."""
    with urlopen(f"{os.environ['SERENYA_GIVES']}/{what}", timeout=30) as answer:  # noqa: S310 - the test's own address
        return json.load(answer)


@schemathesis.serializer("application/secevent+jwt")
def event(_context: Any, value: Any) -> bytes:  # noqa: ANN401 - the same
    """Return a body that is one token, and no JSON."""
    return value if isinstance(value, bytes) else str(value).encode(errors="surrogatepass")
