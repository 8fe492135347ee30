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
CALLERS: Final = (REQUESTS_ROLE, APP_ROLE)
