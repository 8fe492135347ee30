"""Every name that leaves the process, as the present code has it.

`python -m tests.golden.names` adds new ones to the list.

`names.json` holds the names that others rely on, in lists by kind. The kinds of `DERIVED` are taken from the
code's own declarations. Every other kind is kept by hand, and looked for in the text of what is deployed.
"""

import ast
import json
import re
from base64 import urlsafe_b64decode
from collections.abc import Callable, Iterator, Mapping
from enum import StrEnum
from functools import cache
from typing import Any

from sqlalchemy import Column
from sqlalchemy.dialects import postgresql

import app
from chalicelib.domain.audit import AuditKind
from chalicelib.domain.audit_findings import Fault
from chalicelib.domain.challenges import ChallengePurpose
from chalicelib.domain.egress import EgressKind, EgressState
from chalicelib.domain.erasure import KEPT, ErasedData, ErasureState, Origin
from chalicelib.domain.errors import Action, leaves
from chalicelib.domain.id_tokens import NonceForm, Platform
from chalicelib.domain.key_life import SecretState
from chalicelib.domain.keys import KeyState, ServiceKeyUse, SigningAlgorithm
from chalicelib.domain.notices import Consequence
from chalicelib.domain.operators import OperatorAct
from chalicelib.domain.personal_data import Field
from chalicelib.domain.presence_challenges import Purpose
from chalicelib.domain.protocol_errors import EventError
from chalicelib.domain.providers import PROVIDERS
from chalicelib.domain.sessions import SessionEnd
from chalicelib.domain.step_up import SensitiveAct
from chalicelib.domain.tokens import Acr, Scope
from chalicelib.domain.webhooks import EventKind
from chalicelib.observation import metrics
from chalicelib.routes.all import ROUTES
from chalicelib.routes.faults import FaultCode
from chalicelib.routes.language import Locale
from chalicelib.routes.openapi import document
from chalicelib.routes.problems import STATUSES
from chalicelib.settings import InvalidSettings, Stage, from_environment
from chalicelib.stores.schema import Schema
from tests.architecture.sources import DEPLOYED, PROJECT, python_files
from tests.golden.formats import FORMATS
from tests.golden.records import HERE, records, releases

PATH = HERE / "names.json"
Names = dict[str, list[str]]
CLOSED_SETS: Mapping[str, type[StrEnum]] = {
    "acr": Acr,
    "audit finding": Fault,
    "challenge purpose": ChallengePurpose,
    "consequence of a provider's event": Consequence,
    "erased data": ErasedData,
    "erasure origin": Origin,
    "erasure state": ErasureState,
    "error of an event's receiver": EventError,
    "language": Locale,
    "nonce form": NonceForm,
    "operator act": OperatorAct,
    "outbound job kind": EgressKind,
    "outbound job state": EgressState,
    "platform": Platform,
    "presence challenge purpose": Purpose,
    "secret state": SecretState,
    "sensitive act": SensitiveAct,
    "service key use": ServiceKeyUse,
    "session end": SessionEnd,
    "signing algorithm": SigningAlgorithm,
    "signing key state": KeyState,
    "stage": Stage,
}


@cache
def _described() -> dict[str, Any]:
    return document(ROUTES, title="", version="", server="")


def _operations() -> Iterator[tuple[str, dict[str, Any]]]:
    for path, methods in _described()["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


def _operation_ids() -> Iterator[str]:
    yield from (f"{place} {operation['operationId']}" for place, operation in _operations())


def _parameters() -> Iterator[str]:
    for place, operation in _operations():
        for each in operation.get("parameters", ()):
            yield f"{place} {each['in']} {each['name']}"


def _contents() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield what each operation takes and returns: where, which media type, which schema; no errors."""
    for place, operation in _operations():
        for name, each in operation.get("requestBody", {}).get("content", {}).items():
            yield f"{place} takes", name, each["schema"]
        for status, answer in operation["responses"].items():
            for name, each in answer.get("content", {}).items():
                if status.startswith("2"):
                    yield f"{place} {status}", name, each["schema"]


def _media_types() -> Iterator[str]:
    yield from (f"{place} {media_type}" for place, media_type, _ in _contents())


def _bodies() -> Iterator[str]:
    """Yield which schema stands where; its members are listed once."""
    yield from (f"{place} {name}" for place, _, schema in _contents() for name in _schemas_in(schema))


def _schemas_in(schema: Any) -> Iterator[str]:  # noqa: ANN401 - JSON
    if isinstance(schema, dict):
        if "$ref" in schema:
            yield schema["$ref"].rpartition("/")[2]
        for each in schema.values():
            yield from _schemas_in(each)
    if isinstance(schema, list):
        for each in schema:
            yield from _schemas_in(each)


def _members() -> Iterator[str]:
    for name, schema in _described()["components"]["schemas"].items():
        for member, declared in schema.get("properties", {}).items():
            yield f"{name}.{member}"
            yield from (f"{name}.{member} = {value}" for value in _values(declared))
            yield from (f"{name}.{member}: {other}" for other in _schemas_in(declared))


def _values(schema: Any) -> Iterator[str]:  # noqa: ANN401 - JSON
    if isinstance(schema, dict):
        yield from (str(value) for value in schema.get("enum", ()) if value is not None)
        for name, each in schema.items():
            if name != "enum":
                yield from _values(each)
    if isinstance(schema, list):
        for each in schema:
            yield from _values(each)


def _error_codes() -> Iterator[str]:
    for error in leaves():
        yield f"{error.code} {int(STATUSES[error])} {error.action}"


def _limits() -> Iterator[str]:
    for _, operation in _operations():
        yield from (each["policy"] for each in operation.get("x-rate-limits", ()))


class _Asked(dict[str, str]):
    """An environment that remembers what was asked of it; every variable but the stage says nonsense."""

    def __init__(self, stage: str) -> None:
        super().__init__(STAGE=stage)
        self.names: set[str] = set()

    def get(self, name: str, default: Any = None) -> Any:  # noqa: ANN401 - as dict has it
        self.names.add(name)
        return super().get(name, default) if name == "STAGE" else "nonsense"

    def __getitem__(self, name: str) -> str:
        self.names.add(name)
        return str(self.get(name))

    def __contains__(self, name: object) -> bool:
        self.names.add(str(name))
        return True


def _settings() -> Iterator[str]:
    for stage in Stage:
        asked = _Asked(stage)
        try:
            from_environment(asked)
        except InvalidSettings:
            yield from asked.names


def _functions() -> Iterator[str]:
    for source in app.app.event_sources:
        yield f"{source.name} {source.handler_string}"
    for function in app.app.pure_lambda_functions:
        yield f"{function.name} {function.handler_string}"


def _metrics() -> Iterator[str]:
    yield from (f"{metrics.NAMESPACE} {name} {unit}" for name, unit in metrics.MEASURED.items())
    yield f"{metrics.NAMESPACE} by {metrics.DIMENSION}"
    yield from (f"{metrics.NAMESPACE} {name} Count, alarming" for name in metrics.ALARMING)


def _log_events() -> Iterator[str]:
    """Yield the first argument of each call of `event` and `warn` that is a text."""
    for found in python_files(*DEPLOYED):
        for node in ast.walk(found.tree):
            if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
                called = (
                    node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                )
                if called in {"event", "warn"} and isinstance(node.args[0].value, str):
                    yield node.args[0].value


def _columns() -> Iterator[str]:
    for table in Schema.metadata.tables.values():
        yield from (f"{table.name}.{column.name} {_type(column)}" for column in table.columns)


def _type(column: Column[Any]) -> str:
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call] # SQLAlchemy leaves it untyped
    return str(column.type.compile(dialect)).lower()


def _enum_types() -> Iterator[str]:
    for table in Schema.metadata.tables.values():
        for column in table.columns:
            for value in getattr(column.type, "enums", ()):
                yield f"{getattr(column.type, 'name', '')} {value}"


def _kms_contexts() -> Iterator[str]:
    """Yield the purposes and members of the contexts of which there are golden bytes."""
    write = FORMATS["kms_context"].write
    assert write is not None
    for record in (each for release in releases() for each in records(release)):
        if record.format == "kms_context":
            context = write(record.given, record.says)
            yield f"{context['purpose']}: {', '.join(sorted(context))}"


def _token_claims() -> Iterator[str]:
    """Yield the names in the header and the claims of tokens that are made of the golden examples."""
    for record in (each for release in releases() for each in records(release)):
        write = FORMATS[record.format].write
        if record.format in {"access_token", "signed_document"} and write is not None:
            header, claims, _ = str(write(record.given, record.says)).split(".")
            typ = _decoded(header)["typ"]
            yield from (f"{typ} header {name}" for name in _decoded(header))
            if record.format == "access_token":
                yield from (f"{typ} {name}" for name in _decoded(claims))


def _decoded(part: str) -> dict[str, Any]:
    return dict(json.loads(urlsafe_b64decode(part + "==")))


def _labels() -> Iterator[str]:
    """Yield every text that separates one use of a key or a hash from another."""
    for found in python_files(*DEPLOYED):
        for node in ast.walk(found.tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str | bytes):
                text = node.value if isinstance(node.value, str) else node.value.decode("latin-1")
                if text.startswith("serenya-auth/"):
                    yield text.replace("\x00", "\\0")


DERIVED: Mapping[str, Callable[[], Iterator[str]]] = {
    "audit kinds": lambda: iter(AuditKind),
    "closed sets": lambda: (f"{name}: {each}" for name, values in CLOSED_SETS.items() for each in values),
    "database columns": _columns,
    "database enum types": _enum_types,
    "database tables": lambda: iter(Schema.metadata.tables),
    "encrypted columns": lambda: (".".join(each.value) for each in Field),
    "error actions": lambda: iter(Action),
    "error codes": _error_codes,
    "fault codes": lambda: iter(FaultCode),
    "functions": _functions,
    "headers of answers": lambda: iter(_described()["components"]["headers"]),
    "json bodies": _bodies,
    "json members": _members,
    "kept after an erasure": lambda: (each.what for each in KEPT),
    "kms contexts": _kms_contexts,
    "labels of keys and hashes": _labels,
    "limits": _limits,
    "log events": _log_events,
    "media types": _media_types,
    "metrics": _metrics,
    "operations": _operation_ids,
    "parameters": _parameters,
    "providers": lambda: (f"{each.name} {each.issuer}" for each in PROVIDERS.values()),
    "scopes": lambda: iter(Scope),
    "settings": _settings,
    "token claims": _token_claims,
    "webhook events": lambda: iter(EventKind),
}


def golden() -> Names:
    """Return the names that others rely on."""
    return dict(json.loads(PATH.read_text(encoding="utf-8")))


def present(kind: str) -> set[str]:
    """Return the names of a kind that the code has."""
    return {str(name) for name in DERIVED[kind]()}


@cache
def deployed_text() -> str:
    """Return the text of all that is deployed: Python, SQL and infrastructure."""
    places = {"app.py": "", "chalicelib": "*.py", "chalicelib/": "*.sql", "infra": "*.tf"}
    files = [
        path
        for place, pattern in places.items()
        for path in (sorted((PROJECT / place).rglob(pattern)) if pattern else [PROJECT / place])
    ]
    return "\n".join(path.read_text(encoding="utf-8") for path in files)


def is_deployed(name: str) -> bool:
    """Tell whether a name stands in what is deployed; of `place: name`, the last part is looked for."""
    word = name.rpartition(": ")[2]
    return re.search(rf"(?<![\w-]){re.escape(word)}(?![\w])", deployed_text()) is not None


def main() -> None:
    """Add the names that are new; take none away."""
    before = golden() if PATH.exists() else {}
    after = {kind: sorted({*before.get(kind, ()), *present(kind)}) for kind in DERIVED}
    text = json.dumps(before | after, indent=1, ensure_ascii=False, sort_keys=True)
    PATH.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
