"""One JSON line on stdout for each thing worth telling."""

import contextlib
import json
import sys


def log_line(fields: dict[str, object]) -> None:
    """Write one JSON line to stdout; never a path, query, header, body or address."""
    with contextlib.suppress(OSError):  # whoever read our output is gone
        sys.stdout.write(json.dumps(fields) + "\n")
        sys.stdout.flush()
