"""Stand in for what the edge tells and asks at each request."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from chalicelib.domain.limits import Limit


@dataclass
class SmallRefusals:
    told: list[tuple[str, str | None]] = field(default_factory=list)

    def answered(self, route: str, code: str | None, request_id: str, *, is_free: bool) -> None:
        self.told.append((route, code))


@dataclass
class SmallLimits:
    entered: list[tuple[tuple[Limit, ...], str | None]] = field(default_factory=list)
    error: Exception | None = None

    @contextmanager
    def guarding(self, limits: Sequence[Limit], address: str | None, *, takes_place: bool) -> Iterator[None]:
        self.entered.append((tuple(limits), address))
        if self.error is not None:
            raise self.error
        yield
