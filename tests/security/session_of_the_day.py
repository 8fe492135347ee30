"""Runs inside schemathesis, in its own environment: every request gets the bearer of a session that lives.

Requests end sessions, and accounts; whoever started the run says where a fresh bearer and the body of a real
sign-in are to be had.
"""

import json
import os
from typing import Any
from urllib.request import urlopen

import schemathesis

SIGN_IN = "sign_in_with_google"


@schemathesis.auth(refresh_interval=None)
class LiveSession:
    """The access token of somebody who is signed in."""

    def get(self, _case: Any, _context: Any) -> str:  # noqa: ANN401 - schemathesis isn't in our environment
        """Return a token that works now."""
        return str(given("bearer"))

    def set(self, case: Any, data: str, _context: Any) -> None:  # noqa: ANN401 - the same
        """Put it where it belongs."""
        case.headers["Authorization"] = f"Bearer {data}"


@schemathesis.hook
def before_call(_context: Any, case: Any, _kwargs: Any) -> None:  # noqa: ANN401 - the same
    """Let a sign-in that is well-formed be a real one: no generator can sign as the provider does."""
    is_sign_in = case.operation.definition.raw.get("operationId") == SIGN_IN
    if is_sign_in and case.meta is not None and case.meta.generation.mode.is_positive:
        case.body = given("sign-in")


def given(what: str) -> Any:  # noqa: ANN401 - JSON
    """Return what the test hands out."""
    with urlopen(f"{os.environ['SERENYA_GIVES']}/{what}", timeout=30) as answer:  # noqa: S310 - the test's own address
        return json.load(answer)


@schemathesis.serializer("application/secevent+jwt")
def event(_context: Any, value: Any) -> bytes:  # noqa: ANN401 - the same
    """Return a body that is one token, and no JSON."""
    return value if isinstance(value, bytes) else str(value).encode(errors="surrogatepass")
