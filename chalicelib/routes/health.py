"""Routes that tell whether to send traffic; never why not, which the log says."""

from chalicelib.domain.errors import DependencyUnavailable
from chalicelib.routes.fields import Choice
from chalicelib.routes.route import Answer, Call, Route
from chalicelib.routes.schema import Record, required
from chalicelib.routes.services import Services

HEALTH = Record("Health", {"status": required(Choice(("ok",)))}, open=True)


def health(_services: Services, _call: Call) -> Answer:
    """Answer while the code runs at all."""
    return Answer(body={"status": "ok"})


def ready(services: Services, _call: Call) -> Answer:
    """Answer 200 when requests can be served: database, keys, Google's keys, newest migration."""
    services.readiness.ensure()
    return Answer(body={"status": "ok"})


ROUTES: tuple[Route[Services], ...] = (
    Route(
        method="GET",
        path="/health",
        handler=health,
        operation_id="health",
        summary="Alive",
        tags=("health",),
        answer=HEALTH,
    ),
    Route(
        method="GET",
        path="/health/ready",
        handler=ready,
        operation_id="ready",
        summary="Able to serve",
        tags=("health",),
        answer=HEALTH,
        errors=(DependencyUnavailable,),
    ),
)
