"""Find planted values in whatever a run left behind, in every spelling that bytes are written in."""

import subprocess
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterable
from urllib.parse import quote, quote_plus

from chalicelib.clients.aws import aws_client
from local.binaries import find_binaries
from local.postgres import EmbeddedPostgres
from tests.world import World


def spellings(value: str) -> set[bytes]:
    """Return a value plain, escaped, hex, and in both base64 alphabets at each of the three alignments."""
    raw = value.encode()
    plain = {value, value.casefold(), quote(value), quote(value, safe=""), quote_plus(value), raw.hex()}
    escaped = {value.encode("unicode_escape").decode(), ascii(value)[1:-1], raw.hex().upper()}
    return {text.encode() for text in plain | escaped} | _base64s(raw)


def _base64s(raw: bytes) -> set[bytes]:
    found = set()
    for encode in (b64encode, urlsafe_b64encode):
        for shift in range(3):
            encoded = encode(b"\0" * shift + raw)
            whole = (shift + len(raw)) // 3 * 4  # characters that the neighbours have no part in
            found.add(encoded[4 if shift else 0 : whole])
    return found


def leaked(haystack: bytes, planted: Iterable[str]) -> set[str]:
    """Return the planted values that can be read in the haystack."""
    folded = haystack.lower()
    return {value for value in planted if any(s in haystack or s.lower() in folded for s in spellings(value))}


def dumped(postgres: EmbeddedPostgres, world: World) -> bytes:
    """Return everything in the database as pg_dump writes it."""
    assert postgres.binaries is not None
    folder = postgres.binaries.folder
    program = folder / "pg_dump"
    if not program.exists():  # a package with the server alone
        program = find_binaries(None).folder / "pg_dump"
    command = [str(program), "--inserts", "--dbname", world.owner_url]
    return subprocess.run(command, check=True, capture_output=True).stdout  # noqa: S603 - PostgreSQL's own program


def vault_items(world: World) -> bytes:
    """Return every item of the key vault."""
    vault = aws_client("dynamodb", world.settings.aws_region, world.settings.aws_endpoint_url)
    return repr(vault.scan(TableName=world.settings.vault_table)["Items"]).encode()
