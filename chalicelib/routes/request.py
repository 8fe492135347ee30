"""Read what the gateway hands over: the only place that knows the shape of its event."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from chalicelib.domain.dpop import Target

_REQUEST_ID = re.compile(r"[A-Za-z0-9_.=-]{1,128}")
_EACH_COUNTS = frozenset({"authorization", "dpop"})
UNKNOWN_REQUEST_ID = "unknown"
NO_TARGET = Target(method="", place=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One HTTP request, before anything in it is believed. Header names are lower case.

    `resource` is the path of a route as it is declared, by which the gateway found it; empty, it told none.
    `principal` is whom the gateway let in by AWS IAM, where it was told to ask.
    """

    request_id: str
    resource: str = ""
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    authorization: tuple[str, ...] = field(default=(), repr=False)
    proofs: tuple[str, ...] = field(default=(), repr=False)
    target: Target = NO_TARGET
    path_parameters: Mapping[str, str] = field(default_factory=dict, repr=False)
    query: Mapping[str, list[str]] = field(default_factory=dict, repr=False)
    body: object = field(default=None, repr=False)
    is_base64: bool = False
    address: str | None = field(default=None, repr=False)
    principal: str | None = None
    received_at: datetime | None = None


def read_event(event: object, context: object) -> Request:
    """Return the request in an API Gateway proxy event; what is missing or misshapen counts as absent."""
    whole = _mapping(event)
    gateway = _mapping(whole.get("requestContext"))
    headers = {name.lower(): value for name, value in _texts(whole.get("headers")).items()}
    several = _named(whole.get("multiValueHeaders"))
    caller = _mapping(gateway.get("identity"))
    return Request(
        request_id=_request_id(gateway.get("requestId"), getattr(context, "aws_request_id", None)),
        resource=_text(gateway, "resourcePath") or "",
        headers=headers,
        authorization=_every("authorization", headers, several),
        proofs=_every("dpop", headers, several),
        target=_target(gateway),
        path_parameters=_texts(whole.get("pathParameters")),
        query=_query(whole),
        body=whole.get("body"),
        is_base64=whole.get("isBase64Encoded") is True,
        address=_text(caller, "sourceIp"),
        principal=_text(caller, "userArn"),
        received_at=_moment(gateway.get("requestTimeEpoch")),
    )


def _every(
    name: str, headers: Mapping[str, str], several: Sequence[tuple[str, list[object]]]
) -> tuple[str, ...]:
    """Return every header of a name, in any case: `headers` alone keeps only the last of several."""
    found = (text for key, texts in several if key == name for text in texts if isinstance(text, str))
    return tuple(found) or ((headers[name],) if name in headers else ())


def _named(all_headers: object) -> list[tuple[str, list[object]]]:
    """Return the headers of which each one counts, by their lower-case names."""
    return [
        (key.lower(), texts)
        for key, texts in _mapping(all_headers).items()
        if isinstance(key, str) and key.lower() in _EACH_COUNTS and isinstance(texts, list)
    ]


def _query(whole: Mapping[object, object]) -> dict[str, list[str]]:
    """Return the query, of which a gateway without lists tells one value each."""
    several = _lists(whole.get("multiValueQueryStringParameters"))
    return several or {name: [text] for name, text in _texts(whole.get("queryStringParameters")).items()}


def _target(gateway: Mapping[object, object]) -> Target:
    """Return what the phone asked for, by the gateway's own word and never the Host header's.

    `requestContext.path` is the path of the phone's URL, stage or base path included; `path` isn't always.
    """
    host, path = _text(gateway, "domainName"), _text(gateway, "path")
    place = f"{host}{path}" if host and path and path.startswith("/") else None
    return Target(method=_text(gateway, "httpMethod") or "", place=place)


def _request_id(*candidates: object) -> str:
    """Return the gateway's id, else that of the invocation."""
    for candidate in candidates:
        if isinstance(candidate, str) and _REQUEST_ID.fullmatch(candidate):
            return candidate
    return UNKNOWN_REQUEST_ID


def _moment(milliseconds: object) -> datetime | None:
    if not isinstance(milliseconds, int):
        return None
    try:
        return datetime.fromtimestamp(milliseconds / 1000, UTC)
    except (OverflowError, OSError, ValueError):
        return None


def _mapping(value: object) -> Mapping[object, object]:
    return value if isinstance(value, dict) else {}


def _text(values: Mapping[object, object], name: str) -> str | None:
    value = values.get(name)
    return value if isinstance(value, str) else None


def _texts(value: object) -> dict[str, str]:
    return {
        name: text
        for name, text in _mapping(value).items()
        if isinstance(name, str) and isinstance(text, str)
    }


def _lists(value: object) -> dict[str, list[str]]:
    return {
        name: [text for text in texts if isinstance(text, str)]
        for name, texts in _mapping(value).items()
        if isinstance(name, str) and isinstance(texts, list)
    }
