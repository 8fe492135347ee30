"""What a token alone isn't enough for: which sensitive act needs how recent a proof of presence (S4).

The only place that says so. A route names its act, the edge enforces it, the API description shows it
(decision 0021).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType

from chalicelib.domain.errors import InsufficientUserAuthentication

PRESENCE_MAX_AGE = timedelta(minutes=5)  # long enough to read a page and press a button
CLOCKS_DIFFER = timedelta(seconds=5)  # between containers; a clock set back asks for a new sign-in, no more


class SensitiveAct(StrEnum):
    """What a stolen token, or an unlocked phone that lies about, must not be able to do."""

    CHANGE_DEVICES = "change_devices"
    CHANGE_IDENTITIES = "change_identities"
    CHANGE_KEYS = "change_keys"
    ERASE = "erase"
    EXPORT = "export"


@dataclass(frozen=True, slots=True, kw_only=True)
class Presence:
    """What an act asks for: a sign-in, or another proof of presence, that is at most so old."""

    max_age: timedelta


NEEDS: Mapping[SensitiveAct, Presence] = MappingProxyType(
    {
        SensitiveAct.CHANGE_DEVICES: Presence(max_age=PRESENCE_MAX_AGE),
        SensitiveAct.CHANGE_IDENTITIES: Presence(max_age=PRESENCE_MAX_AGE),
        SensitiveAct.CHANGE_KEYS: Presence(max_age=PRESENCE_MAX_AGE),
        SensitiveAct.ERASE: Presence(max_age=PRESENCE_MAX_AGE),
        SensitiveAct.EXPORT: Presence(max_age=PRESENCE_MAX_AGE),
    }
)


def ensure_present(act: SensitiveAct, auth_time: datetime, now: datetime) -> None:
    """Let a person through whose presence was proved recently enough for an act.

    `auth_time` is that of their session. One that lies ahead by more than clocks may differ proves nothing.

    Raises:
        InsufficientUserAuthentication: with the age that would do (RFC 9470 s3).
    """
    max_age = NEEDS[act].max_age
    if not -CLOCKS_DIFFER <= now - auth_time <= max_age + CLOCKS_DIFFER:
        raise InsufficientUserAuthentication(max_age=max_age)
