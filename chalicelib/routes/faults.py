"""Collect what is wrong with a body, so that an app's developer sees all of it at once.

A fault says where and why, never what was sent.
"""

from enum import StrEnum

from chalicelib.domain.errors import Fault


class FaultCode(StrEnum):
    """Why a field was refused; API, so a code never changes its meaning."""

    required = "required"
    unknown_field = "unknown_field"
    wrong_type = "wrong_type"
    too_long = "too_long"
    too_short = "too_short"
    pattern = "pattern"
    not_allowed = "not_allowed"
    too_many = "too_many"
    too_few = "too_few"
    not_current = "not_current"


class Faults:
    """The faults found so far in one body."""

    __slots__ = ("found",)

    def __init__(self) -> None:
        self.found: list[Fault] = []

    def add(self, pointer: str, code: FaultCode) -> None:
        """Note a fault; the reader goes on with the next field."""
        self.found.append(Fault(pointer=pointer, code=code))


class Refused(Exception):
    """A single value doesn't fit; its field's `read` turns it into a fault."""

    def __init__(self, code: FaultCode) -> None:
        super().__init__(code)
        self.code = code
