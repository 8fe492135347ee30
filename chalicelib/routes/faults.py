"""Collect what is wrong with a body, so that an app's developer sees all of it at once.

A fault says where and why, never what was sent.
"""

from enum import StrEnum

from chalicelib.domain.errors import Fault, InvalidInput

FAULTS_MAX = 32  # an answer about a 16 kB body stays small


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

    def add_missing(self, pointer: str) -> None:
        """Note that a field is missing, unless it, or what it would be in, has a fault already."""
        places = (fault.pointer for fault in self.found if fault.pointer)
        if not any(f"{pointer}/".startswith(f"{place}/") for place in places):
            self.add(pointer, FaultCode.required)

    def ensure_none(self) -> None:
        """Refuse what has faults.

        Raises:
            InvalidInput: with the first `FAULTS_MAX` of them.
        """
        if self.found:
            raise InvalidInput(faults=tuple(self.found[:FAULTS_MAX]))


class Refused(Exception):
    """A single value doesn't fit; its field's `read` turns it into a fault."""

    def __init__(self, code: FaultCode) -> None:
        super().__init__(code)
        self.code = code
