"""Ask the deployed service, through its real address, what every phone will ask."""

import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final

from chalicelib.routes.problems import CHALLENGE, FORWARDED_CHALLENGE
from tools.release.fault import ReleaseFault

PATIENCE_SECONDS: Final = 60  # API Gateway and a first cold start take their time
PAUSE_SECONDS: Final = 2
ANSWER_SECONDS: Final = 20
BODY_BYTES_MAX: Final = 1 << 20
PROBLEM: Final = {"type", "title", "status", "instance", "code", "user_message", "action", "request_id"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back."""

    status: int
    content_type: str
    body: Any
    headers: Mapping[str, str] = field(default_factory=dict)  # in lower case


def address(rest_api_id: str, region: str, elsewhere: str | None) -> str:
    """Return where the API answers: API Gateway's own address, or one below that of an AWS in its place."""
    if elsewhere:
        return f"{elsewhere}/restapis/{rest_api_id}/v1/_user_request_"
    return f"https://{rest_api_id}.execute-api.{region}.amazonaws.com/v1"


def test(url: str, issuer: str) -> None:
    """Return if the service serves. Raises: ReleaseFault with every check that failed."""
    end = time.monotonic() + PATIENCE_SECONDS
    while faults := dict(_faults(url, issuer)):
        if time.monotonic() > end or not all(faults.values()):
            raise ReleaseFault("\n".join(["The deployed service doesn't answer as it must:", *faults]))
        time.sleep(PAUSE_SECONDS)
    print(f"   the challenge of a 401 arrives as {' and '.join(_challenge_names(_refused(url)))}", flush=True)


def _refused(url: str) -> Answer:
    return ask(f"{url}/auth/google", {"id_token": "not.a.token", "device": DEVICE, "consents": []})


def _faults(url: str, issuer: str) -> Iterator[tuple[str, bool]]:
    """Yield what is wrong, and whether it may pass by itself: a wrong answer doesn't, a missing one may."""
    for path, is_right in CHECKS.items():
        answer = ask(url + path)
        if answer.status != HTTPStatus.OK or not _holds(is_right, answer.body, issuer):
            yield f"GET {path}: {answer.status} {answer.body}"[:400], answer.status != HTTPStatus.OK
    refused = _refused(url)
    is_problem = refused.content_type == "application/problem+json" and isinstance(refused.body, dict)
    if (
        refused.status != HTTPStatus.UNAUTHORIZED
        or not is_problem
        or not refused.body.keys() >= PROBLEM
        or refused.body["code"] != "invalid_id_token"
    ):
        yield f"POST /auth/google with a token that is none: {refused.status} {refused.body}"[:400], True
    elif not _challenge_names(refused):
        yield f"POST /auth/google: neither {CHALLENGE} nor {FORWARDED_CHALLENGE} came with 401", False


def _challenge_names(refused: Answer) -> list[str]:
    return [name for name in (CHALLENGE, FORWARDED_CHALLENGE) if name.lower() in refused.headers]


def _holds(is_right: Callable[[Any, str], bool], body: object, issuer: str) -> bool:
    try:
        return is_right(body, issuer)
    except (KeyError, TypeError, AttributeError):
        return False


def ask(url: str, body: object = None) -> Answer:
    """Return the answer of one request, refusals and failures included."""
    sent = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data=sent, headers={"Content-Type": "application/json"})  # noqa: S310 - the address above
    try:
        with urllib.request.urlopen(request, timeout=ANSWER_SECONDS) as answer:  # noqa: S310 - the same
            return _read(answer)
    except urllib.error.HTTPError as error:
        with error:
            return _read(error)
    except (OSError, ValueError) as error:
        return Answer(status=0, content_type="", body=str(error))


def _read(answer: Any) -> Answer:  # noqa: ANN401 - an answer and an HTTPError have no common type
    text = answer.read(BODY_BYTES_MAX)
    try:
        body = json.loads(text)
    except ValueError:
        body = text[:200].decode(errors="replace")
    return Answer(
        status=answer.status,
        content_type=answer.headers.get_content_type(),
        body=body,
        headers={name.lower(): value for name, value in answer.headers.items()},
    )


DEVICE: Final = {"id": "release-smoke-test", "platform": "ios"}
CHECKS: Final[dict[str, Callable[[Any, str], bool]]] = {
    "/health": lambda _body, _issuer: True,
    "/health/ready": lambda _body, _issuer: True,
    "/.well-known/jwks.json": lambda body, _: (
        bool(body["keys"]) and all(key.get("kid") for key in body["keys"])
    ),
    "/.well-known/openid-configuration": lambda body, issuer: body["issuer"] == issuer,
    "/openapi.json": lambda body, _: "/auth/google" in body["paths"],
}
