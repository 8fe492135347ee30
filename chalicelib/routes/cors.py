"""Let apps on the web read answers: the CORS protocol (fetch.spec.whatwg.org), for the origins that are set.

No credentials are ever allowed: a browser sends none of its own accord, and tokens come in headers that the
app sets.
"""

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import timedelta
from types import MappingProxyType

from chalicelib.routes.reply import Reply
from chalicelib.routes.request import Request

ANY = "*"  # the only wildcard, and the only origin where it is set
PREFLIGHT_LIFETIME = timedelta(hours=2)  # the longest that Chrome keeps one
# What an app may send, beside what every page may.
ALLOWED_HEADERS = (
    *("Authorization", "Content-Type", "DPoP", "If-None-Match"),
    *("X-Device-ID", "X-Device-Platform", "X-App-Version"),
)
# What an app may read, beside what every page may: API Gateway renames the challenge on its way.
EXPOSED_HEADERS = (
    *("X-Request-Id", "Retry-After", "DPoP-Nonce", "WWW-Authenticate", "x-amzn-Remapped-WWW-Authenticate"),
    *("ETag", "RateLimit", "RateLimit-Policy"),
)
_EXPOSED = MappingProxyType({"Access-Control-Expose-Headers": ", ".join(EXPOSED_HEADERS)})
_PREFLIGHT_VARIES = "Origin, Access-Control-Request-Method, Access-Control-Request-Headers"


def readable(reply: Reply, request: Request, origins: Collection[str]) -> Reply:
    """Return an answer that an app of these origins can read; none is set: the answer as it is."""
    if not origins:
        return reply
    headers = {**reply.headers, **_EXPOSED, **_allowed(request, origins)}
    if ANY not in origins:
        headers["Vary"] = ", ".join(filter(None, [reply.headers.get("Vary"), "Origin"]))
    return replace(reply, headers=headers)


def preflight(request: Request, methods: Collection[str], origins: Collection[str]) -> dict[str, str]:
    """Return the headers of the answer to OPTIONS at a path with these methods (RFC 9110 s9.3.7)."""
    allow = {"Allow": ", ".join(methods)}
    if not origins:
        return allow
    allowed = _allowed(request, origins)
    varies = {"Vary": _PREFLIGHT_VARIES}
    if not allowed or "access-control-request-method" not in request.headers:
        return {**allow, **allowed, **varies}
    return {
        **allow,
        **allowed,
        **varies,
        "Access-Control-Allow-Methods": ", ".join(methods),
        "Access-Control-Allow-Headers": ", ".join(ALLOWED_HEADERS),
        "Access-Control-Max-Age": str(int(PREFLIGHT_LIFETIME.total_seconds())),
    }


def gateway_headers(origins: Collection[str]) -> dict[str, str]:
    """Return the headers of what API Gateway answers by itself: the same for everybody (decision 0131)."""
    if not origins:
        return {}
    (only,) = origins if len(origins) == 1 else (ANY,)
    return {"Access-Control-Allow-Origin": only, **_EXPOSED}


def _allowed(request: Request, origins: Collection[str]) -> Mapping[str, str]:
    origin = request.headers.get("origin")
    if ANY in origins:
        return {"Access-Control-Allow-Origin": ANY}
    return {"Access-Control-Allow-Origin": origin} if origin is not None and origin in origins else {}
