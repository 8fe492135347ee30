"""The roles of the database, as revision 0014 makes them."""

from typing import Final

FUNCTIONS_ROLE: Final = "serenya_functions"  # owns the functions, and can't log in
REQUESTS_ROLE: Final = "serenya_requests"  # may execute them, and nothing else
JOBS_ROLE: Final = "serenya_jobs"
OPERATORS_ROLE: Final = "serenya_operators"
# Before functions, all but migrations logged in as this role. It keeps its rights until no kept release uses
# it; a later migration revokes them.
APP_ROLE: Final = "serenya_app"
PROXIED_ROLE: Final = APP_ROLE  # REQUESTS_ROLE, once all requests are functions
LOGIN_ROLES: Final = (REQUESTS_ROLE, JOBS_ROLE, OPERATORS_ROLE, APP_ROLE)
CALLERS: Final = (REQUESTS_ROLE, JOBS_ROLE, OPERATORS_ROLE, APP_ROLE)
# What only jobs and operators may call: it needs no session of the person whom it changes.
CLOSED_TO_REQUESTS: Final = ("erase_for_operator", "replay_erasure")
# Parts that operators call as well: these run with their rights, and requests have none.
OPERATORS_PARTS: Final = ("read_pages",)
OPERATORS_CALLERS: Final = (OPERATORS_ROLE, APP_ROLE)


def callers_of(function: str, *, is_part: bool) -> tuple[str, ...]:
    """Return the roles that may call a function of this name."""
    if is_part:
        return OPERATORS_CALLERS if function in OPERATORS_PARTS else ()
    return tuple(role for role in CALLERS if role != REQUESTS_ROLE or function not in CLOSED_TO_REQUESTS)
