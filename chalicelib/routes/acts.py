"""Under which request, in which language and by which version of the app something is done."""

from chalicelib.routes.route import Call
from chalicelib.services.ports import Act


def act(call: Call) -> Act:
    """Return what the service notes of a request."""
    return Act(
        request_id=call.request_id,
        locale=call.locale.value,
        app_version=call.device.app_version,
        place=call.place,
    )
