"""Say whether this container can serve: without detail for the world, with the reason for the log."""

from collections.abc import Callable, Mapping
from datetime import timedelta

from chalicelib.domain.errors import DependencyUnavailable, IntegrityFailure
from chalicelib.observation.log import warn

RETRY_AFTER = timedelta(seconds=5)
Check = Callable[[], bool]


class Readiness:
    """Runs the named checks."""

    def __init__(self, checks: Mapping[str, Check]) -> None:
        """Take a check for each thing the service stands on; it returns or raises, in bounded time."""
        self._checks = checks

    def ensure(self) -> None:
        """Let through when everything is ready.

        Raises:
            DependencyUnavailable: something is not; the log says what.
        """
        if self.failing():
            raise DependencyUnavailable(retry_after=RETRY_AFTER)

    def failing(self) -> tuple[str, ...]:
        """Return the names of what is not ready."""
        return tuple(name for name, check in self._checks.items() if not _passes(name, check))


def _passes(name: str, check: Check) -> bool:
    try:
        is_ready = check()
    except (DependencyUnavailable, IntegrityFailure) as error:
        warn("not_ready", code=name, cause=type(error.__cause__ or error).__name__)
        return False
    if not is_ready:
        warn("not_ready", code=name)
    return is_ready
