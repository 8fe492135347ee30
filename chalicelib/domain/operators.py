"""What operators may do with a person's account, and what they must say for it (HIPAA 164.312(a)(2)(ii))."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from uuid import UUID

from chalicelib.domain.account import Account, StoredPerson, UserStatus
from chalicelib.domain.audit import AuditKind
from chalicelib.domain.erasure import on_record
from chalicelib.domain.id_tokens import Provider

FOUND_MAX = 20  # an address that is verified at a provider is hardly ever two people's; never a listing


class OperatorAct(StrEnum):
    """What an operator does; erasing, which can't be undone, is a function of its own."""

    FIND = "find"
    SHOW = "show"
    REVEAL = "reveal"
    EXPORT = "export"
    SUSPEND = "suspend"
    REINSTATE = "reinstate"
    END_SESSIONS = "end-sessions"


KINDS: Mapping[OperatorAct, AuditKind] = MappingProxyType(
    {
        OperatorAct.FIND: AuditKind.OPERATOR_FOUND,
        OperatorAct.SHOW: AuditKind.OPERATOR_SHOWN,
        OperatorAct.REVEAL: AuditKind.OPERATOR_REVEALED,
        OperatorAct.EXPORT: AuditKind.OPERATOR_EXPORTED,
        OperatorAct.SUSPEND: AuditKind.OPERATOR_SUSPENDED,
        OperatorAct.REINSTATE: AuditKind.OPERATOR_REINSTATED,
        OperatorAct.END_SESSIONS: AuditKind.OPERATOR_SESSIONS_ENDED,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """Who wants something done, and why; in an emergency the same acts go on record as emergency access."""

    actor: str
    reason: str
    emergency: bool = False

    def __post_init__(self) -> None:
        """Refuse what the audit record may not keep. Raises ValueError."""
        on_record(self.actor)
        on_record(self.reason)

    def kind(self, act: OperatorAct) -> AuditKind:
        """Return under which name an act goes on record."""
        return AuditKind.OPERATOR_EMERGENCY_ACCESS if self.emergency else KINDS[act]

    def details(self, act: OperatorAct) -> dict[str, str]:
        """Return what goes on record beside the person's id."""
        return {"act": act.value, "actor": self.actor, "reason": self.reason}


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundPerson:
    """A person that a search led to."""

    id: UUID
    status: UserStatus
    created_at: datetime
    status_changed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownPerson:
    """How an account is used, without anything that says whose it is; `account` only when it is revealed."""

    person: StoredPerson
    status_changed_at: datetime
    providers: tuple[Provider, ...]
    devices: int
    live_sessions: int
    last_used_at: datetime | None
    account: Account | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """What an act came to; `changed` is False when it was so already, which is on record too."""

    user_id: UUID
    status: UserStatus
    changed: bool
    sessions_ended: int
