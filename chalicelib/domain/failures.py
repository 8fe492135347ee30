"""What every failure of the service has: a code, a title, what the app does next, what it may know."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import ClassVar, Self

from chalicelib.domain.limits import Limit


class Action(StrEnum):
    """What the app does next; the closed set it switches on."""

    retry = "retry"
    sign_in = "sign_in"
    step_up = "step_up"
    accept_consents = "accept_consents"
    update_app = "update_app"
    contact_support = "contact_support"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One field that was refused: where (RFC 6901 JSON pointer) and why; never the value."""

    pointer: str
    code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MissingConsent:
    """A current required document that the person hasn't agreed to."""

    document: str
    version: str
    sha256: str


class NotPossible(ValueError):
    """What an operator asked for can't be done; the message says why, in a sentence for people."""


class ServiceError(Exception):
    """An expected failure; only leaves of the tree are raised."""

    code: ClassVar[str]
    title: ClassVar[str]
    action: ClassVar[Action]
    detail: str | None = None

    def __init__(  # noqa: PLR0913 - each is something that an app, or a developer, may know
        self,
        *,
        retry_after: timedelta | None = None,
        consents_missing: tuple[MissingConsent, ...] = (),
        faults: tuple[Fault, ...] = (),
        scope: str | None = None,
        max_age: timedelta | None = None,
        limit: Limit | None = None,
        dpop_nonce: str | None = None,
        is_bound: bool = False,
        check: str | None = None,
    ) -> None:
        """Carry what the app may know.

        `scope` is the one a bearer lacked (RFC 6750 s3), `max_age` how old its sign-in may be (RFC 9470 s3),
        `limit` the one that was reached; `dpop_nonce` is for the next proof, `is_bound` tells that the token
        wants one (RFC 9449 s8, s7.1).

        `check` names what refused. Neither the app nor a deployed log gets it: only the console of a
        developer's own machine shows it.
        """
        super().__init__(self.code)
        self.retry_after = retry_after
        self.consents_missing = consents_missing
        self.faults = faults
        self.scope = scope
        self.max_age = max_age
        self.limit = limit
        self.dpop_nonce = dpop_nonce
        self.is_bound = is_bound
        self.check = check

    def saying(self, detail: str) -> Self:
        """Return this error with what its title doesn't say, for developers."""
        self.detail = detail
        return self
