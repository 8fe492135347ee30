"""Serve the declared routes through Chalice, so that nothing but our own shape ever leaves.

Chalice turns a view's exception into its own answer before any middleware sees it, so errors are told here,
inside the view. What it answers by itself (405, an event it can't read) is told again by `Api`.
"""

import logging
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, TypeVar

from chalice.app import Chalice, IAMAuthorizer, Response

from chalicelib.domain.errors import (
    DependencyUnavailable,
    IntegrityFailure,
    InternalError,
    MethodNotAllowed,
    NotFound,
    ServiceError,
)
from chalicelib.observation import log, tally
from chalicelib.routes.calls import read_call
from chalicelib.routes.edge_ports import EdgeServices
from chalicelib.routes.reply import Reply, answered, refused
from chalicelib.routes.request import Request, read_event
from chalicelib.routes.route import Admission, Answer, Call, Route
from chalicelib.routes.wordings import Wording

ServicesT = TypeVar("ServicesT", bound=EdgeServices)
NO_CLOCK = datetime.fromtimestamp(
    0, UTC
)  # the shape holds even when nothing that tells the time could be had


class Api(Chalice):
    """A Chalice application whose own errors have our shape too."""

    def __init__(self, app_name: str) -> None:
        super().__init__(app_name, configure_logs=False)
        self.provide: Callable[[], EdgeServices] | None = None
        self._is_cold = True

    def __call__(self, event: Any, context: Any) -> dict[str, Any]:  # noqa: ANN401 - whatever the gateway sends
        """Answer one event of the gateway."""
        try:
            answer = super().__call__(event, context)
        except Exception as error:  # noqa: BLE001 - an event that Chalice can't read must not become a trace
            log.event("unreadable_event", logging.ERROR, **log.describe(error))
            return self.refuse(InternalError(), event, context)
        if "X-Request-Id" in answer["headers"]:
            return answer
        return self._retell(answer, event, context)

    def is_cold(self) -> bool:
        """Tell whether this is the container's first request; true once."""
        was_cold, self._is_cold = self._is_cold, False
        return was_cold

    def refuse(self, error: ServiceError, event: object, context: object) -> dict[str, Any]:
        """Return an error as the answer to an event that no handler sees; an unknown path, say."""
        request = read_event(event, context)
        reply = refused(error, request, _now(self.provide, request))
        log.event("request", status=reply.status, code=reply.code, request_id=request.request_id)
        return _response(reply).to_dict(self.api.binary_types)

    def _retell(self, answer: Mapping[str, Any], event: object, context: object) -> dict[str, Any]:
        """Say in our shape what Chalice said by itself."""
        allow = answer["headers"].get("Allow")
        if answer["statusCode"] != HTTPStatus.METHOD_NOT_ALLOWED:
            return self.refuse(InternalError(), event, context)
        if not allow:
            return self.refuse(NotFound(), event, context)
        told = self.refuse(MethodNotAllowed(), event, context)
        return {**told, "headers": {**told["headers"], "Allow": allow}}


def mount(app: Api, routes: Iterable[Route[ServicesT]], provide: Callable[[], ServicesT]) -> None:
    """Register every route; `provide` is called at each request, so that tests swap what it returns."""
    app.provide = provide
    for route in routes:
        authorizer = IAMAuthorizer() if route.access.admission is Admission.aws_iam else None
        register = app.route(
            route.path,
            methods=[route.method],
            content_types=["*/*"],
            name=route.operation_id,
            authorizer=authorizer,
        )
        register(_view(app, route, provide))


def serve(
    route: Route[ServicesT], provide: Callable[[], ServicesT], request: Request, *, cold: bool = False
) -> Reply:
    """Answer a request; whatever happens inside comes out in the one shape, and is logged as one line."""
    with tally.counting() as costs:
        costs["cold"] = int(cold)
        try:
            services = provide()
        except Exception as error:  # noqa: BLE001 - a container that can't be wired still answers
            reply = _failed(request, error, _now(None, request))
            _log_request(route, request, reply, costs, error)
            return reply
        return _served(route, services, request, costs)


def _served(
    route: Route[ServicesT], services: ServicesT, request: Request, costs: Mapping[str, int]
) -> Reply:
    started, failure = services.clock.monotonic(), None
    try:
        with services.limits.guarding(route.limits, request.address):
            call = read_call(route, services, request)
            answer = _handled(route, services, call)
        reply = answered(route, request, answer, dpop_nonce=services.proofs.next_nonce(call.proof))
    except Exception as error:  # noqa: BLE001 - the one place where nothing may pass
        failure = error
        reply = _failed(request, error, services.clock.now(), route.wording)
    duration_ms = round((services.clock.monotonic() - started) * 1000, 1)
    _log_request(route, request, reply, costs, failure, duration_ms=duration_ms)
    is_outage = reply.status >= HTTPStatus.INTERNAL_SERVER_ERROR and reply.code != IntegrityFailure.code
    if not is_outage:  # one isn't asked for more
        services.refusals.answered(route.path, reply.code, request.request_id, is_free=route.is_free)
    return reply


def _handled(route: Route[ServicesT], services: ServicesT, call: Call) -> Answer:
    """Call the handler; no answer, nor a refusal, leaves that came from a database which must not serve."""
    if route.is_free:
        return route.handler(services, call)
    services.gate.ensure_open()
    try:
        answer = route.handler(services, call)
    except DependencyUnavailable:
        raise  # it tells nothing of anybody, and has waited long enough
    except ServiceError:
        services.gate.ensure_open()
        raise
    services.gate.ensure_open()  # costs nothing, unless a connection was made meanwhile
    return answer


def _view(app: Api, route: Route[ServicesT], provide: Callable[[], ServicesT]) -> Callable[..., Response]:
    def view(**_path_parameters: str) -> Response:
        event = app.current_request  # a thread's own in the local server
        if event is None:  # can't be: Chalice makes it before it calls a view
            raise RuntimeError
        request = read_event(event.to_original_event(), event.lambda_context)
        return _response(serve(route, provide, request, cold=app.is_cold()))

    return view


def _failed(request: Request, error: Exception, now: datetime, wording: Wording | None = None) -> Reply:
    """Tell an error: an expected one as what it is, any other as internal."""
    return refused(error if isinstance(error, ServiceError) else InternalError(), request, now, wording)


def _log_request(
    route: Route[Any],
    request: Request,
    reply: Reply,
    costs: Mapping[str, int],
    failure: Exception | None,
    *,
    duration_ms: float | None = None,
) -> None:
    is_plain = failure is None or (isinstance(failure, ServiceError) and failure.__cause__ is None)
    is_fault = reply.status >= HTTPStatus.INTERNAL_SERVER_ERROR
    log.event(
        "request",
        logging.ERROR if is_fault else logging.INFO,
        route=route.path,
        method=route.method,
        status=reply.status,
        code=reply.code,
        duration_ms=duration_ms,
        request_id=request.request_id,
        **costs,
        **({} if is_plain or failure is None else log.describe(failure)),
    )


def _now(provide: Callable[[], EdgeServices] | None, request: Request) -> datetime:
    """Return the time from whatever still tells it: the services, the gateway, or neither."""
    try:
        if provide is not None:
            return provide().clock.now()
    except Exception as error:  # noqa: BLE001 - an error about an error helps nobody
        log.event("no_clock", logging.ERROR, **log.describe(error))
    return request.received_at or NO_CLOCK


def _response(reply: Reply) -> Response:
    return Response(body=reply.body, headers=dict(reply.headers), status_code=reply.status)
