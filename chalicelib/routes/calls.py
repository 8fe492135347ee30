"""Make a `Call` of a request: every value parsed, as its route declares, before a handler sees it."""

import re
from dataclasses import replace
from typing import Any

from chalicelib.domain.decoration import APP_VERSION
from chalicelib.domain.dpop import Proof
from chalicelib.domain.errors import CallerNotAuthorized, MalformedBody, NotFound
from chalicelib.domain.id_tokens import Platform
from chalicelib.domain.limits import Taking
from chalicelib.domain.step_up import ensure_present
from chalicelib.domain.tokens import AccessClaims
from chalicelib.routes.bearer import access_token, offered_token
from chalicelib.routes.body import raw_bytes
from chalicelib.routes.body_formats import read_format
from chalicelib.routes.edge_ports import EdgeServices
from chalicelib.routes.faults import FaultCode, Faults
from chalicelib.routes.fields import Uuid
from chalicelib.routes.language import preferred_locale
from chalicelib.routes.request import Request
from chalicelib.routes.route import Admission, Call, DeviceHints, Route

_DEVICE_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}")
_JSON_BLANKS = b" \t\r\n"  # RFC 8259 s2


def read_call(
    route: Route[Any], services: EdgeServices, request: Request, place: Taking | None = None
) -> Call:
    """Return the call, the caller verified where the route wants one.

    Raises:
        ServiceError: the first part that doesn't fit: path, caller, query, body, in this order.
    """
    path_parameters, hints = _path_parameters(route, request), _device_hints(request)
    caller, proof = _caller(route, services, request)
    return Call(
        path_parameters=path_parameters,
        verified=caller,
        proof=proof,
        place=place,
        query=_query(route, request),
        body=_body(route, request, hints),
        offered=offered_token(request.authorization),
        locale=preferred_locale(request.headers.get("accept-language")),
        address=request.address,
        request_id=request.request_id,
        device=hints,
    )


def _caller(
    route: Route[Any], services: EdgeServices, request: Request
) -> tuple[AccessClaims | None, Proof | None]:
    """Return who calls, and the proof that came; what costs a statement is checked last."""
    if route.access.admission is Admission.aws_iam and not request.principal:  # I2, whatever the gateway did
        raise CallerNotAuthorized
    if route.access.admission is not Admission.bearer or route.access.scope is None:
        taken = services.proofs.read(request.proofs, request.target) if route.takes_proof else None
        return None, taken
    offered = access_token(request.authorization)
    claims = services.access.authenticate(offered.text, route.access.scope)
    if route.step_up is not None:
        ensure_present(route.step_up, claims.auth_time, services.clock.now())
    proof = services.proofs.admit(claims.jkt, offered, request.proofs, request.target)
    return replace(claims, proof=proof), proof


def _path_parameters(route: Route[Any], request: Request) -> dict[str, Any]:
    """Parse every parameter of the path. Raises NotFound for one that can't be an id (A1)."""
    faults = Faults()
    parsed = {
        name: route.parameters.get(name, Uuid()).read(request.path_parameters.get(name), name, faults)
        for name in route.parameter_names
    }
    if faults.found:
        raise NotFound
    return parsed


def _query(route: Route[Any], request: Request) -> dict[str, Any]:
    """Parse the declared parameters; others are ignored, so a token in the URL is never taken for one."""
    faults = Faults()
    parsed: dict[str, Any] = dict.fromkeys(route.query)
    for name, declared in route.query.items():
        values = request.query.get(name, [])
        if len(values) > 1:
            faults.add(f"/query/{name}", FaultCode.too_many)
        elif values:
            parsed[name] = declared.read(values[0], f"/query/{name}", faults)
    faults.ensure_none()
    return parsed


def _body(route: Route[Any], request: Request, hints: DeviceHints) -> dict[str, Any]:
    """Parse the body, all its faults told at once; a route that declares none doesn't look at it."""
    if route.body is None:
        return {}
    faults = Faults()
    parsed = route.body.read(_members(route, request), "", faults)
    if parsed is not None and route.complete is not None:
        route.complete(parsed, hints, faults)
    faults.ensure_none()
    return parsed or {}


def _members(route: Route[Any], request: Request) -> dict[str, object]:
    """Return what stands in the body; of an optional one `null`, as nothing at all, is nothing."""
    raw = raw_bytes(request.body, is_base64=request.is_base64)
    if route.body_optional and raw.strip(_JSON_BLANKS) in {b"", b"null"}:
        return {}
    if not raw:
        raise MalformedBody
    told = (request.headers.get("content-type"), request.headers.get("content-encoding"))
    return read_format(raw, route.body_format, *told)


def _device_hints(request: Request) -> DeviceHints:
    """Return what the headers say of the phone, without what is silly."""
    device_id = request.headers.get("x-device-id", "").strip()
    platform = request.headers.get("x-device-platform", "").strip().lower()
    return DeviceHints(
        id=device_id if _DEVICE_ID.fullmatch(device_id) else None,
        platform=Platform(platform) if platform in set(Platform) else None,
        app_version=APP_VERSION.keep(request.headers.get("x-app-version")),
    )
