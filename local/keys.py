"""Show where every key of the running stack stands."""

import argparse
import json
from collections.abc import Mapping
from typing import Any

from local.invoke import invoke


def show(options: argparse.Namespace) -> None:
    """Print the keys, as a table for people or as JSON for scripts."""
    answer = invoke("keys_status", {})
    print(json.dumps(answer) if options.json else table(answer))


def table(answer: Mapping[str, Any]) -> str:
    """Return the keys as a table; `first` is the first KMS key of all."""
    rows = [("key", "version", "state", "writes from", "wrapped by or until")]
    rows += [
        (key["algorithm"], key["kid"][:12], key["state"], key["activates_at"][:16], key["expires_at"] or "-")
        for key in answer["signing"]
    ]
    rows += [
        (key["use"], key["version"], key["state"], key["activates_at"][:16], key["kms_key_id"] or "first")
        for key in answer["service"]
    ]
    rows += [
        ("people's keys", key["version"], f"{key['count']} keys", "-", key["kms_key_id"] or "first")
        for key in answer["vault"]
    ]
    lines = [f"{a:<14} {b!s:<13} {c:<10} {d:<17} {e}" for a, b, c, d, e in rows]
    if answer["damaged"] or not answer["is_complete"]:
        lines += ["", f"not a key: {answer['damaged']}; counted to the end: {answer['is_complete']}"]
    return "\n".join(lines)
