"""Stored data is read by `domain/formats.py`. Any other reader of JSON is listed here, with its reason."""

import ast
from collections.abc import Iterator, Mapping

import pytest

from tests.architecture.sources import DEPLOYED, Source, python_files, source, used

DECODERS = frozenset(
    {
        "json.JSONDecoder",
        "json.load",
        "json.loads",
        "chalicelib.clients.strict_json.read_object",
        "chalicelib.domain.audit_events.read_json",
        "chalicelib.domain.formats.json_object",
    }
)
READ_ELSEWHERE: Mapping[str, str] = {
    "chalicelib/clients/apple_tokens.py": "Apple's answers",
    "chalicelib/clients/compact_jws.py": "tokens; the format `access_token` reads the claims of ours",
    "chalicelib/clients/erasure_ledger.py": "strictly, and then by its format",
    "chalicelib/clients/notice_verifier.py": "Apple's notices",
    "chalicelib/clients/provider_keys.py": "key sets of providers",
    "chalicelib/clients/s3_keys.py": "strictly, and then by its format",
    "chalicelib/clients/seal_signatures.py": "the JWS of a checkpoint, which the format `audit_seal` reads",
    "chalicelib/clients/strict_json.py": "the strict reader itself",
    "chalicelib/domain/audit_bundle.py": "lines, whose numbers must stay exact, and then by their formats",
    "chalicelib/domain/audit_events.py": "details of events, of any shape, to spell them in one way",
    "chalicelib/domain/audit_seals.py": "a JWS that nobody has verified yet, and then by its format",
    "chalicelib/domain/formats.py": "the reader of stored formats itself",
    "chalicelib/domain/provider_settings.py": "settings",
    "chalicelib/routes/body.py": "bodies of requests",
    "chalicelib/routes/operator_shapes.py": "what it has just encoded, for plain types",
    "chalicelib/services/egress.py": "documents of outbound jobs, which the format of each kind reads",
    "chalicelib/stores/described.py": "statements that are packaged with this very release",
}
ITEMS_ELSEWHERE: Mapping[str, str] = {
    "chalicelib/clients/item_values.py": "the kinds of the formats of items",
    "chalicelib/functions/egress.py": "the event of a DynamoDB stream",
}
ITEM_KINDS = frozenset({"S", "N", "B"})


def decoding(sources: tuple[Source, ...]) -> set[str]:
    """Return the files that decode JSON."""
    return {each.path for each in sources if any(name in DECODERS for name, _ in used(each.tree))}


def reading_items(sources: tuple[Source, ...]) -> set[str]:
    """Return the files that look into values of DynamoDB items."""
    return {each.path for each in sources if any(_item_values(each.tree))}


def _item_values(tree: ast.AST) -> Iterator[ast.Subscript]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load):
            key = node.slice
            if isinstance(key, ast.Constant) and key.value in ITEM_KINDS:
                yield node


def test_only_listed_files_decode_json() -> None:
    assert decoding(python_files(*DEPLOYED)) == set(READ_ELSEWHERE)


def test_only_listed_files_look_into_items() -> None:
    assert reading_items(python_files(*DEPLOYED)) == set(ITEMS_ELSEWHERE)


@pytest.mark.parametrize(
    "text",
    [
        "import json\nvalues = json.loads(raw)",
        "from json import loads as read\nvalues = read(raw)",
        "from chalicelib.clients.strict_json import read_object\nread_object(raw)",
        'name = item["name"]["S"]',
    ],
)
def test_another_reader_is_noticed(text: str) -> None:
    other = (source("chalicelib/stores/other.py", text),)
    assert decoding(other) | reading_items(other) == {"chalicelib/stores/other.py"}
