"""The audit's commands: seal, verify online or from a file, export to a file."""

import argparse
import json
import sys
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from chalicelib.clients.seal_signatures import check_seal
from chalicelib.domain.audit_bundle import NotABundle, first_line, last_line, verify_bundle
from chalicelib.domain.audit_seals import seal_hash
from chalicelib.domain.audit_verification import Verifier
from local.invoke import SCHEDULED, invoke
from local.places import StackError


def seal(_: argparse.Namespace) -> None:
    """Seal now."""
    print(json.dumps(invoke("audit_seal", SCHEDULED)))


def verify(options: argparse.Namespace) -> None:
    """Print the report. Raises StackError when something is wrong."""
    if options.bundle:
        report = _of_bundle(options.bundle, options.jwks)
    else:
        report = invoke("audit_verify", {"first": options.first, "last": options.last})
    print(json.dumps(report) if options.json else table(report))
    if report["finding"]:
        raise StackError("The audit record is NOT as it was sealed.")


def export(options: argparse.Namespace) -> None:
    """Write a bundle."""
    with options.file.open("w", encoding="utf-8") as file:
        file.writelines(f"{line}\n" for line in _bundle(options.first, options.last))
    print(f"Written to {options.file}. Verify it anywhere: make audit-verify BUNDLE={options.file}")


def table(report: dict[str, Any]) -> str:
    """Return a report for people."""
    names = ("seals", "events", "expired", "unanchored", "first_seal", "last_seal", "head")
    lines = [
        f"{name.replace('_', ' '):<12} {'-' if report[name] is None else report[name]}" for name in names
    ]
    if report["trusted_first"]:
        lines.append(
            f"{'first key':<12} {', '.join(report['trusted_first'])} (taken on the first seal's word)"
        )
    if report["lost"]:
        ids = ", ".join(f"{first}-{last}" for first, last in report["lost"])
        lines.append(f"{'lost':<12} {ids} (went with a restored backup; known by their seals only)")
    found = report["finding"]
    if found is None:
        return "\n".join([*lines, "", "Everything is as it was sealed."])
    event = "" if found["event_id"] is None else f", event {found['event_id']}"
    details = f" ({found['details']})" if found["details"] else ""
    return "\n".join(
        [*lines, "", f"FIRST BAD RECORD: {found['fault']}, seal {found['seal']}{event}{details}"]
    )


def _of_bundle(path: Path, jwks: Path | None) -> dict[str, Any]:
    try:
        keys = json.loads(jwks.read_text(encoding="utf-8"))["keys"] if jwks else []
        trusted = {key["kid"]: key for key in keys}
        verifier = Verifier(check_signature=check_seal, now=datetime.now(UTC), trusted=trusted)
        with path.open(encoding="utf-8") as lines:
            return asdict(verify_bundle(lines, verifier))
    except (OSError, ValueError, KeyError, NotABundle) as error:
        raise StackError(f"{path} can't be read: {error}") from error


def _bundle(first: int, last: int | None) -> Iterator[str]:
    before = invoke("audit_export", {"seal": first - 1, "before": True})
    yield first_line(before["issuer"])
    yield from before["lines"]
    seals, events, head, number = 0, 0, None, first
    while last is None or number <= last:
        lines = invoke("audit_export", {"seal": number})["lines"]
        if not lines:
            break
        yield from lines
        head = seal_hash(json.loads(lines[0])["seal"])
        seals, events, number = seals + 1, events + len(lines) - 1, number + 1
        print(f"\rseal {number - 1}", end="", file=sys.stderr)
    print(file=sys.stderr)
    yield last_line(seals=seals, events=events, head=head)
