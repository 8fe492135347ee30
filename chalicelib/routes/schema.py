"""Compose single values into named objects; one declaration parses the body and writes its OpenAPI.

A request's record is closed: unknown fields are refused (A2), unless it says that it ignores them. Of its
optional members `null` is absent, and so is an empty text. An answer's record is `open` in the description
only, so that apps built today accept fields and values that are added tomorrow; `conforms` refuses what isn't
declared.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from chalicelib.domain.decoration import Decoration
from chalicelib.domain.errors import InvalidInput
from chalicelib.routes.faults import FaultCode, Faults
from chalicelib.routes.fields import Decorated, Field, JsonSchema, Text

_NAME_CHARS_MAX = 64  # a longer unknown name isn't repeated; the pointer stops at its object


@dataclass(frozen=True, slots=True)
class Member:
    """A field's place in a record; what doesn't fit a forgiving one is absent, and no fault."""

    field: Field
    is_required: bool
    is_forgiving: bool = False


def required(field: Field) -> Member:
    """Declare a member that must be there."""
    return Member(field, is_required=True)


def optional(field: Field) -> Member:
    """Declare a member that may be absent, and is read as None then."""
    return Member(field, is_required=False)


def forgiving(field: Field) -> Member:
    """Declare an optional member of a request that never refuses it."""
    return Member(field, is_required=False, is_forgiving=True)


def decoration(of: Decoration, description: str) -> Member:
    """Declare a text of a request that decides nothing, so that it never refuses it."""
    return forgiving(Decorated(of=of, description=description))


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

    A `partial` one is a change (RFC 7396): it has at least one member; `null` clears, and those that it
    lacks, or of which nothing is left, are not in what is read. `never` names members that refuse a request
    which ignores unknown ones.
    """

    name: str
    members: Mapping[str, Member]
    description: str | None = None
    open: bool = False
    partial: bool = False
    ignores_unknown: bool = False
    never: frozenset[str] = frozenset()
    example: Mapping[str, object] | None = None

    def parse(self, value: object) -> dict[str, Any]:
        """Return the members, absent optional ones as None.

        Raises:
            InvalidInput: with up to `FAULTS_MAX` faults.
        """
        faults = Faults()
        parsed = self.read(value, "", faults)
        faults.ensure_none()
        return parsed or {}

    def read(self, value: object, pointer: str, faults: Faults) -> dict[str, Any] | None:
        """Return the members, noting every fault in them."""
        if not isinstance(value, dict):
            faults.add(pointer, FaultCode.wrong_type)
            return None
        for name in value:
            if name in self.never:
                faults.add(_inside(pointer, name), FaultCode.not_allowed)
            elif name not in self.members and not self.ignores_unknown:
                is_short = len(name) <= _NAME_CHARS_MAX
                faults.add(_inside(pointer, name) if is_short else pointer, FaultCode.unknown_field)
        if self.partial and not value:
            faults.add(pointer, FaultCode.too_few)
        found = {name: self._member(name, value, pointer, faults) for name in self.members}
        if not self.partial:
            return found
        return {name: found[name] for name in value if name in found and _is_change(value[name], found[name])}

    def _member(self, name: str, value: Mapping[str, object], pointer: str, faults: Faults) -> Any:  # noqa: ANN401 - the field's own type
        member = self.members[name]
        if name not in value or (not self.open and _is_absent(member, value[name])):
            if member.is_required:
                faults.add(_inside(pointer, name), FaultCode.required)
            return None
        noted = Faults() if member.is_forgiving else faults
        return member.field.read(value[name], _inside(pointer, name), noted)

    def schema(self) -> JsonSchema:
        """Refer to the component."""
        return {"$ref": f"#/components/schemas/{self.name}"}

    def definition(self) -> JsonSchema:
        """Return the component itself."""
        schema: JsonSchema = {"type": "object"}
        if self.description is not None:
            schema["description"] = self.description
        schema["properties"] = {name: self._described(member) for name, member in self.members.items()}
        if needed := [name for name, member in self.members.items() if member.is_required]:
            schema["required"] = needed
        if self.partial:
            schema["minProperties"] = 1
        if not self.open and not self.ignores_unknown:
            schema["additionalProperties"] = False
        if self.example is not None:
            schema["examples"] = [self.example]
        return schema

    def _described(self, member: Member) -> JsonSchema:
        if self.open:
            opened: JsonSchema = _opened(member.field.schema())
            return opened
        return member.field.schema() if member.is_required else _or_absent(member.field)

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


def _is_absent(member: Member, value: object) -> bool:
    """Tell whether a member of a request that is there counts as if it weren't."""
    if member.is_required:
        return False
    return value is None or (value == "" and isinstance(member.field, Text))


def _is_change(told: object, read: object) -> bool:
    """Tell whether a member changes anything: by a value, or by `null`, which clears it."""
    return told is None or read is not None


def _or_absent(field: Field) -> JsonSchema:
    """Describe a field of which `null`, and an empty text, is absent."""
    schema = nullable(field).schema()
    if isinstance(field, Text):
        schema |= {"minLength": 0} | ({} if field.pattern is None else {"pattern": f"^(?:{field.pattern})?$"})
    return schema


def _opened(schema: Any) -> Any:  # noqa: ANN401 - a JSON Schema, or a part of one
    """Describe an answer's values as those known today: a client that meets another one must not break."""
    if isinstance(schema, list):
        return [_opened(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    names = {"enum": "x-extensible-enum"}
    return {names.get(name, name): _opened(value) for name, value in schema.items()}


def _inside(pointer: str, name: str) -> str:
    """Return the JSON pointer of a member (RFC 6901 s3)."""
    return f"{pointer}/{name.replace('~', '~0').replace('/', '~1')}"
