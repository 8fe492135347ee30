"""Compose single values into named objects; one declaration parses the body and writes its OpenAPI.

A request's record is closed: unknown fields are refused (A2). An answer's record is `open` in the description
only, so that apps built today accept fields that are added tomorrow; `conforms` refuses what isn't declared.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from chalicelib.domain.errors import InvalidInput
from chalicelib.routes.faults import FaultCode, Faults
from chalicelib.routes.fields import Field, JsonSchema

FAULTS_MAX = 32  # an answer about a 16 kB body stays small
_NAME_CHARS_MAX = 64  # a longer unknown name isn't repeated; the pointer stops at its object


@dataclass(frozen=True, slots=True)
class Member:
    """A field's place in a record."""

    field: Field
    is_required: bool


def required(field: Field) -> Member:
    """Declare a member that must be there."""
    return Member(field, is_required=True)


def optional(field: Field) -> Member:
    """Declare a member that may be absent, and is read as None then; `null` needs `nullable` too."""
    return Member(field, is_required=False)


@dataclass(frozen=True, slots=True)
class Nullable:
    """A field that may also be `null`."""

    of: Field

    def read(self, value: object, pointer: str, faults: Faults) -> Any:  # noqa: ANN401 - the type of the inner field
        """Return None for null, else what the field reads."""
        return None if value is None else self.of.read(value, pointer, faults)

    def schema(self) -> JsonSchema:
        """Add the null type."""
        inner = self.of.schema()
        if isinstance(inner.get("type"), str) and "enum" not in inner:
            return {**inner, "type": [inner["type"], "null"]}
        return {"anyOf": [inner, {"type": "null"}]}

    def records(self) -> Iterator["Record"]:
        """Yield the field's records."""
        return self.of.records()


def nullable(field: Field) -> Nullable:
    """Declare that the field may be `null`."""
    return Nullable(field)


@dataclass(frozen=True, slots=True, kw_only=True)
class Items:
    """A list of bounded length."""

    of: Field
    max_items: int
    min_items: int = 0
    description: str | None = None

    def read(self, value: object, pointer: str, faults: Faults) -> list[Any] | None:
        """Return the list of parsed values."""
        if not isinstance(value, list):
            faults.add(pointer, FaultCode.wrong_type)
            return None
        if len(value) > self.max_items:
            faults.add(pointer, FaultCode.too_many)
            return None
        if len(value) < self.min_items:
            faults.add(pointer, FaultCode.too_few)
            return None
        return [self.of.read(item, f"{pointer}/{index}", faults) for index, item in enumerate(value)]

    def schema(self) -> JsonSchema:
        """Describe it with its bounds."""
        bounds = {"minItems": self.min_items} if self.min_items else {}
        schema = {"type": "array", "items": self.of.schema(), "maxItems": self.max_items, **bounds}
        return schema if self.description is None else {**schema, "description": self.description}

    def records(self) -> Iterator["Record"]:
        """Yield the records of the items."""
        return self.of.records()


@dataclass(frozen=True, slots=True)
class Record:
    """A named object; its name is a component of the API description.

    A `partial` one is a change (RFC 7396): it has at least one member, and those it lacks are not read.
    """

    name: str
    members: Mapping[str, Member]
    description: str | None = None
    open: bool = False
    partial: bool = False
    example: Mapping[str, object] | None = None

    def parse(self, value: object) -> dict[str, Any]:
        """Return the members, absent optional ones as None.

        Raises:
            InvalidInput: with up to `FAULTS_MAX` faults.
        """
        faults = Faults()
        parsed = self.read(value, "", faults)
        if parsed is None or faults.found:
            raise InvalidInput(faults=tuple(faults.found[:FAULTS_MAX]))
        return parsed

    def read(self, value: object, pointer: str, faults: Faults) -> dict[str, Any] | None:
        """Return the members, noting every fault in them."""
        if not isinstance(value, dict):
            faults.add(pointer, FaultCode.wrong_type)
            return None
        for name in (name for name in value if name not in self.members):
            faults.add(
                _inside(pointer, name) if len(name) <= _NAME_CHARS_MAX else pointer, FaultCode.unknown_field
            )
        if self.partial and not value:
            faults.add(pointer, FaultCode.too_few)
        members = self.members.items()
        read = {name: member for name, member in members if name in value or not self.partial}
        return {name: _member(member, name, value, pointer, faults) for name, member in read.items()}

    def schema(self) -> JsonSchema:
        """Refer to the component."""
        return {"$ref": f"#/components/schemas/{self.name}"}

    def definition(self) -> JsonSchema:
        """Return the component itself."""
        schema: JsonSchema = {"type": "object"}
        if self.description is not None:
            schema["description"] = self.description
        schema["properties"] = {name: member.field.schema() for name, member in self.members.items()}
        if needed := [name for name, member in self.members.items() if member.is_required]:
            schema["required"] = needed
        if self.partial:
            schema["minProperties"] = 1
        if not self.open:
            schema["additionalProperties"] = False
        if self.example is not None:
            schema["examples"] = [self.example]
        return schema

    def records(self) -> Iterator["Record"]:
        """Yield this record and those inside it."""
        yield self
        for member in self.members.values():
            yield from member.field.records()


def conforms(record: Record, value: object) -> bool:
    """Tell whether a decoded answer is exactly what its record declares; for tests."""
    try:
        record.parse(value)
    except InvalidInput:
        return False
    return True


def _member(member: Member, name: str, value: Mapping[str, object], pointer: str, faults: Faults) -> Any:  # noqa: ANN401 - the field's own type
    if name in value:
        return member.field.read(value[name], _inside(pointer, name), faults)
    if member.is_required:
        faults.add(_inside(pointer, name), FaultCode.required)
    return None


def _inside(pointer: str, name: str) -> str:
    """Return the JSON pointer of a member (RFC 6901 s3)."""
    return f"{pointer}/{name.replace('~', '~0').replace('/', '~1')}"
