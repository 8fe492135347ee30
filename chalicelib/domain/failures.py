"""What every failure of the service has: a code, a title, what the app does next, what it may know."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import ClassVar, Final, Self

from chalicelib.domain.limits import Limit


class Action(StrEnum):
    """What the app does next. Each has one meaning, so that an app which obeys it alone does the right thing.

    docs/decisions/0137-one-meaning-an-action.md
    """

    retry = "retry"
    refresh = "refresh"
    restart = "restart"
    sign_in = "sign_in"
    step_up = "step_up"
    accept_consents = "accept_consents"
    update_app = "update_app"
    contact_support = "contact_support"
    none = "none"


# The one declaration: docs/errors.md, the API description and the client's types are made from it.
ACTION_MEANINGS: Final[Mapping[Action, str]] = MappingProxyType(
    {
        Action.retry: "Send the same request again, after `Retry-After`, with a new proof if any. "
        "The tokens stay.",
        Action.refresh: "Refresh, then send the same request again with the new token.",
        Action.restart: "Begin this flow again: a new challenge, and what is made of it. The tokens stay.",
        Action.sign_in: "Drop the tokens that the request carried, unless others are stored by now. "
        "The person signs in.",
        Action.step_up: "The person proves presence. Then send the same request again with the new token.",
        Action.accept_consents: "Show the documents in force, send the answers, then the same request again.",
        Action.update_app: "A defect of the app. Report it with `request_id`; show `user_message`.",
        Action.contact_support: "Show `user_message` and a way to reach support, with `request_id`.",
        Action.none: "Show `user_message`.",
    }
)


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
