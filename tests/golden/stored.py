"""Every stored format that has names, found where it is declared, and what the releases wrote in it."""

import json
import pkgutil
from base64 import urlsafe_b64decode
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from importlib import import_module
from typing import Any
from uuid import UUID

import chalicelib
from chalicelib.clients.session_seal import session_key
from chalicelib.domain.formats import Format
from chalicelib.domain.personal_data import Field
from chalicelib.services.session_copy import COPY
from tests.golden.records import HERE, Record, records

READS = "reads.json"
Values = dict[str, Any]


@cache
def declared() -> Mapping[str, Format]:
    """Return the formats that modules and classes of what is deployed hold, by label."""
    found: dict[int, Format] = {}
    for module in pkgutil.walk_packages(chalicelib.__path__, "chalicelib."):
        held = list(vars(import_module(module.name)).values())
        held += [each for one in held if isinstance(one, type) for each in vars(one).values()]
        found |= {id(each): each for each in held if isinstance(each, Format)}
    labelled = {each.label: each for each in found.values()}
    assert len(labelled) == len(found), "two formats have one label"
    return labelled


def names_read() -> dict[str, list[str]]:
    """Return the names that the present code reads."""
    return {label: sorted(form.names) for label, form in sorted(declared().items())}


def names_read_by(release: str) -> dict[str, list[str]]:
    """Return the names that a release reads."""
    return dict(json.loads((HERE / release / READS).read_text(encoding="utf-8")))


def write_names_read(release: str) -> None:
    """Write what the present code reads, once. Raises FileExistsError."""
    with (HERE / release / READS).open("x", encoding="utf-8") as file:
        json.dump(names_read(), file, indent=1)
        file.write("\n")


def written_by(release: str) -> Iterator[tuple[str, Values]]:
    """Yield the label and the values of what a release wrote, before they were sealed or signed."""
    for record in records(release):
        if record.format in _OF_RECORDS:
            yield from _OF_RECORDS[record.format](record)
    yield from _of_a_stage(json.loads((HERE / release / "stage.json").read_text(encoding="utf-8")))


def _plain(record: Record) -> Iterator[tuple[str, Values]]:
    yield record.format, json.loads(record.stored)


def _signed(record: Record) -> Iterator[tuple[str, Values]]:
    yield record.format.removesuffix("_es256"), _decoded(record.stored.split(".")[1])


def _challenge(record: Record) -> Iterator[tuple[str, Values]]:
    yield record.format, _decoded(record.stored.split(".")[0])


def _decoded(part: str) -> Values:
    return dict(json.loads(urlsafe_b64decode(part + "=" * (-len(part) % 4))))


def _session_copy(record: Record) -> Iterator[tuple[str, Values]]:
    session_id = UUID(record.given["session_id"])
    key = session_key(bytes.fromhex(record.given["seed"]), session_id)
    address = Field.SESSION_PROFILE.at(session_id, key.version)
    places = json.loads(key.open_sealed(address, bytes.fromhex(record.stored)))
    yield record.format, dict(zip(COPY.names, places, strict=False))


def _webhook_job(record: Record) -> Iterator[tuple[str, Values]]:
    yield "webhook_job", record.stored
    yield "webhook_message", record.stored["message"]
    yield from (("webhook_job_secret", each) for each in record.stored["secrets"])


def _progress(record: Record) -> Iterator[tuple[str, Values]]:
    yield f"{record.given['function'].replace('-', '_')}_progress", record.stored


_LINES = {
    "bundle": "audit_bundle_first_line",
    "seal": "audit_bundle_seal",
    "event": "audit_bundle_event",
    "end": "audit_bundle_last_line",
}


def _bundle(record: Record) -> Iterator[tuple[str, Values]]:
    for line in map(json.loads, record.stored):
        yield _LINES[line["record"]], line


_OF_RECORDS: Mapping[str, Callable[[Record], Iterator[tuple[str, Values]]]] = {
    **dict.fromkeys(("profile", "device", "chosen", "provider_grant", "provider_keys"), _plain),
    **dict.fromkeys(("audit_seal", "access_token", "access_token_es256"), _signed),
    "audit_bundle": _bundle,
    "presence_challenge": _challenge,
    "progress_of_a_function": _progress,
    "session_copy": _session_copy,
    "webhook_job": _webhook_job,
}


def _of_a_stage(stage: Values) -> Iterator[tuple[str, Values]]:
    yield from (("key_vault_item", _item(each)) for each in stage["vault"])
    for each in stage["egress"]:
        is_job = "kind" in each
        yield "outbound_job_item" if is_job else "apple_client_key_item", _item(each)
    for each in stage["wrapped"]:
        if each["context"].get("kind") == "apple_exchange":
            job = json.loads(bytes.fromhex(each["plain"]))
            yield "apple_exchange" if "code" in job else "apple_exchange_result", job
    for key, body in stage["evidence"].items():
        if key.startswith("erasures/") and "mark" not in key:
            yield "erasure_ledger_entry", json.loads(body)
        elif key.startswith("audit/seals/"):
            yield "audit_seal_copy", json.loads(body)


def _item(item: Values) -> Values:
    return {
        name: {kind: bytes.fromhex(each) if kind == "B" else each for kind, each in value.items()}
        for name, value in item.items()
    }
