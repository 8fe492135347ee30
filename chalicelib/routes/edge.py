"""Serve the declared routes through Chalice, so that nothing but our own shape ever leaves.

Chalice turns a view's exception into its own answer before any middleware sees it, and answers some requests
by itself; so it is asked to deploy the routes, and not to serve them (decision 0116).
"""

import logging
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, NoReturn, TypeVar

from chalice.app import Chalice, IAMAuthorizer

from chalicelib import budget
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
from chalicelib.routes.reply import Reply, answered, refused, to_gateway
from chalicelib.routes.request import Request, read_event
from chalicelib.routes.route import Admission, Answer, Call, Route
from chalicelib.routes.wordings import Wording

ServicesT = TypeVar("ServicesT", bound=EdgeServices)
NO_CLOCK = datetime.fromtimestamp(
    0, UTC
)  # the shape holds even when nothing that tells the time could be had


class Api(Chalice):
    """A Chalice application that answers by itself: Chalice deploys the routes, and has no part in a request.

    What its own handler does before and after a view (a second reading of the event, content types, binary
    answers, cross-origin headers, middleware) nothing here uses, and it took a tenth of a request's CPU.
    """

    def __init__(self, app_name: str) -> None:
        super().__init__(app_name, configure_logs=False)
        self.provide: Callable[[], EdgeServices] | None = None
        self.served: dict[str, dict[str, Route[Any]]] = {}
        self._is_cold = True

    def __call__(self, event: Any, context: Any) -> dict[str, Any]:  # noqa: ANN401 - whatever the gateway sends
        """Answer one event of the gateway."""
        request = read_event(event, context)
        methods = self.served.get(request.resource)
        if methods is None or self.provide is None:
            return self.refuse(NotFound() if request.resource else InternalError(), event, context)
        route = methods.get(request.target.method)
        if route is None:
            told = self.refuse(MethodNotAllowed(), event, context)
            return {**told, "headers": {**told["headers"], "Allow": ", ".join(methods)}}
        was_cold, self._is_cold = self._is_cold, False
        return to_gateway(serve(route, self.provide, request, cold=was_cold))

    def refuse(self, error: ServiceError, event: object, context: object) -> dict[str, Any]:
        """Return an error as the answer to an event that no handler sees; an unknown path, say."""
        request = read_event(event, context)
        reply = refused(error, request, _now(self.provide, request))
        log.event("request", status=reply.status, code=reply.code, request_id=request.request_id)
        return to_gateway(reply)


def mount(app: Api, routes: Iterable[Route[ServicesT]], provide: Callable[[], ServicesT]) -> None:
    """Register every route; `provide` is called at each request, so that tests swap what it returns."""
    app.provide = provide
    for route in routes:
        authorizer = IAMAuthorizer() if route.access.admission is Admission.aws_iam else None
        declare = app.route(
            route.path, methods=[route.method], name=route.operation_id, authorizer=authorizer
        )
        declare(_never_called)
        app.served.setdefault(route.path, {})[route.method] = route


def serve(
    route: Route[ServicesT], provide: Callable[[], ServicesT], request: Request, *, cold: bool = False
) -> Reply:
    """Answer a request; whatever happens inside comes out in the one shape, and is logged as one line."""
    with budget.limited(budget.REQUEST), tally.counting() as costs:
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


def _never_called(**_path_parameters: str) -> NoReturn:
    """Stand for a route where Chalice wants a function to deploy."""
    raise NotImplementedError
