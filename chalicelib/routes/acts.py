"""Under which request, in which language and by which version of the app something is done, and how often."""

from chalicelib.domain.limits import Limit
from chalicelib.routes.route import Call
from chalicelib.routes.services import Services
from chalicelib.services.ports import Act


def act(call: Call) -> Act:
    """Return what the service notes of a request."""
    return Act(
        request_id=call.request_id,
        locale=call.locale.value,
        app_version=call.device.app_version,
        place=call.place,
    )


def count(services: Services, call: Call, limit: Limit) -> None:
    """Count a request of the caller's session, once the token is verified. Raises RateLimited."""
    services.limits.take(limit, str(call.caller.session_id))
