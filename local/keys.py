"""Show and change the keys of the running stack, by the same functions as deployed."""

import argparse
import json
from collections.abc import Mapping
from typing import Any

from local.command_line import typed
from local.invoke import invoke
from local.places import StackError

WALKS = {"rewrap": "rewrap", "reindex": "reindex", "sweep": "vault_sweep"}


def keys(options: argparse.Namespace) -> None:
    """Do it and print what came of it. Raises StackError when it was refused."""
    answer = _answer(options)
    print(table(answer) if options.act == "status" and not options.json else json.dumps(answer))


def _answer(options: argparse.Namespace) -> dict[str, Any]:
    match options.act:
        case "status":
            return invoke("keys_status", {})
        case "rotate":
            return invoke("rotate_secret", {"use": options.use or ""})
        case "retire":
            if not (options.kid or (options.use and options.version)):
                which = f"{typed('kid')}, or {typed('use')} and {typed('version')}"
                raise StackError(f"Which key? Type {which}; the act `status` prints them.")
            return invoke("retire_key", vars(options))
        case walk:
            return _walked(WALKS[walk])


def _walked(function: str) -> dict[str, Any]:
    """Return the last answer of a function that is driven by its own answers."""
    answer: dict[str, Any] = {}
    while not answer.get("is_done"):
        answer = invoke(function, answer)
        if answer["is_interrupted"] or answer.get("is_refused"):
            raise StackError(f"It stopped; the log says why. So far: {json.dumps(answer)}")
    return answer


def table(answer: Mapping[str, Any]) -> str:
    """Return the keys as a table; `first` is the first KMS key of all."""
    rows = [("key", "version", "state", "writes from", "until", "wrapped by")]
    rows += [
        (
            *(key["algorithm"], key["kid"][:12], key["state"], key["activates_at"][:16]),
            *((key["expires_at"] or "-")[:16], key["kms_key_id"] or "first"),
        )
        for key in answer["signing"]
    ]
    rows += [
        (
            key["use"],
            key["version"],
            key["state"],
            key["activates_at"][:16],
            "-",
            key["kms_key_id"] or "first",
        )
        for key in answer["service"]
    ]
    rows += [
        ("people's keys", key["version"], f"{key['count']} keys", "-", "-", key["kms_key_id"] or "first")
        for key in answer["vault"]
    ]
    lines = [f"{a:<14} {b!s:<13} {c:<10} {d:<17} {e:<17} {f}" for a, b, c, d, e, f in rows]
    lines += ["", f"{'indexed by':<14} {'people':>9} {'identities':>11} {'devices':>9}"]
    lines += [
        f"version {row['version']:<6} {row['people']:>9} {row['identities']:>11} {row['devices']:>9}"
        for row in answer["index"]
    ]
    if answer["damaged"] or not answer["is_complete"]:
        lines += ["", f"not a key: {answer['damaged']}; counted to the end: {answer['is_complete']}"]
    return "\n".join(lines)
