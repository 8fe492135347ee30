"""Say what a route is, once: the edge serves it, and the API description is written from the same words.

A handler gets a `Call` whose every value was parsed, and returns an `Answer`; it never sees HTTP.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Any, Generic, TypeVar
from uuid import UUID

from chalicelib.domain.dpop import OfferedToken, Proof
from chalicelib.domain.errors import MissingToken, ServiceError
from chalicelib.domain.id_tokens import Platform
from chalicelib.domain.limits import Kept, Limit, Taking
from chalicelib.domain.step_up import SensitiveAct
from chalicelib.domain.tokens import AccessClaims, Scope
from chalicelib.routes.body_formats import BodyFormat
from chalicelib.routes.faults import Faults
from chalicelib.routes.fields import Field
from chalicelib.routes.language import DEFAULT_LOCALE, Locale
from chalicelib.routes.schema import Record
from chalicelib.routes.wordings import Wording


class Admission(StrEnum):
    """Who may call a route."""

    anyone = "anyone"
    bearer = "bearer"
    bearer_or_body = "bearer_or_body"
    receipt = "receipt"
    aws_iam = "aws_iam"


@dataclass(frozen=True, slots=True)
class Access:
    """Who may call, and with which scope."""

    admission: Admission
    scope: Scope | None = None


public = Access(Admission.anyone)


def bearer(scope: Scope) -> Access:
    """Admit only a live access token that holds the scope."""
    return Access(Admission.bearer, scope)


def bearer_or_body(scope: Scope) -> Access:
    """Leave the choice to the handler: credentials are an access token (`call.offered`) or in the body."""
    return Access(Admission.bearer_or_body, scope)


# A receipt's secret comes as a bearer (`call.bearer`): proxies know that header as one to keep out of logs.
receipt = Access(Admission.receipt)
# The gateway verifies the caller's SigV4 signature and policies; we see that it did.
aws_iam = Access(Admission.aws_iam)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceHints:
    """What headers say of the phone, where the body lacks it; guessable, so never a secret."""

    id: str | None = field(default=None, repr=False)
    platform: Platform | None = None
    app_version: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request, parsed. `address` is the one the gateway saw (A4).

    `offered` is the access token that came, believed by nobody yet; `proof` is right for this request.
    `place` is what counts it in the bucket of its address, where the route's function does so.
    """

    body: Mapping[str, Any] = field(default_factory=dict, repr=False)
    path_parameters: Mapping[str, Any] = field(default_factory=dict)
    query: Mapping[str, Any] = field(default_factory=dict, repr=False)
    verified: AccessClaims | None = None
    offered: OfferedToken | None = None
    proof: Proof | None = None
    place: Taking | None = None
    locale: Locale = DEFAULT_LOCALE
    address: str | None = field(default=None, repr=False)
    request_id: str
    device: DeviceHints = DeviceHints()

    @property
    def bearer(self) -> str | None:
        """Return the token that came as a bearer."""
        return None if self.offered is None or self.offered.is_dpop else self.offered.text

    @property
    def caller(self) -> AccessClaims:
        """Return who calls; only a route whose access is `bearer` may ask.

        Raises:
            MissingToken: nobody was verified.
        """
        if self.verified is None:
            raise MissingToken
        return self.verified

    def path_uuid(self, name: str) -> UUID:
        """Return a path parameter that is a UUID, as all are unless declared otherwise."""
        value: UUID = self.path_parameters[name]
        return value


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a handler answers: JSON-ready values, datetimes and UUIDs included; None for an empty body."""

    body: Mapping[str, Any] | None = field(default=None, repr=False)
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


ServicesT_contra = TypeVar("ServicesT_contra", contravariant=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Route(Generic[ServicesT_contra]):
    """One method of one path.

    `errors` lists what the handler's service raises; the edge's own errors are added by `routes/openapi.py`.
    `parameters` declares path parameters that aren't UUIDs; one that doesn't fit is 404. `step_up` names the
    sensitive act that a bearer route is; what it needs, `domain/step_up.py` says. `takes_proof` is for routes
    where a DPoP proof binds or opens a session without an access token; every bearer route takes one anyway,
    and the function that it calls uses the proof up (`claims.proof`).
    `complete` adds to the body what the phone's headers say, and to its faults what neither says.
    Of `limits`, the edge holds a request to those by address, its service to the others; with `takes_place`
    the route's function counts the request by its address, unless it is refused before. `wording` says how
    a 400 is told where an RFC wants it otherwise.
    """

    method: str
    path: str
    handler: Callable[[ServicesT_contra, Call], Answer]
    operation_id: str
    summary: str
    tags: tuple[str, ...]
    answer: Record | None = None
    status: int = 200
    body: Record | None = None
    body_optional: bool = False
    complete: Callable[[dict[str, Any], DeviceHints, Faults], None] | None = None
    body_format: BodyFormat = BodyFormat.JSON
    wording: Wording | None = None
    errors: tuple[type[ServiceError], ...] = ()
    access: Access = public
    step_up: SensitiveAct | None = None
    limits: tuple[Limit, ...] = ()
    takes_proof: bool = False
    takes_place: bool = False
    cache: timedelta | None = None
    content_type: str = "application/json"
    parameters: Mapping[str, Field] = field(default_factory=dict)
    query: Mapping[str, Field] = field(default_factory=dict)
    description: str | None = None

    @property
    def methods(self) -> tuple[str, ...]:
        """Return the methods that it serves: of what anyone may read, HEAD too (RFC 9110 s9.3.2)."""
        return ("GET", "HEAD") if self.method == "GET" and self.access == public else (self.method,)

    @property
    def is_free(self) -> bool:
        """Tell whether anyone may call it and it needs nothing: it then answers without the database."""
        asks = any(limit.kept is not Kept.CONTAINER for limit in self.limits)
        return self.access == public and (self.body is None or self.body_optional) and not asks

    @property
    def is_provable(self) -> bool:
        """Tell whether a DPoP proof may come with a request."""
        return self.takes_proof or self.access.admission is Admission.bearer

    @property
    def parameter_names(self) -> tuple[str, ...]:
        """Return the names in the path, in its order."""
        return tuple(part[1:-1] for part in self.path.split("/") if part.startswith("{"))
