"""What `make run` says to the developer who started it."""

import json
from datetime import UTC, datetime

from local.published import agreements


def say(what: str, more: str = "") -> None:
    """Print one line about one part."""
    print(f"{what:<11} {more}".rstrip(), flush=True)


def sign_up_command(url: str) -> str:
    """Return a command for the shell that makes an account for a development person."""
    body = {
        "id_token": "TOKEN",
        "device": {"id": "my-first-device", "platform": "web", "name": "curl"},
        "consents": agreements(datetime.now(UTC)),
    }
    text = json.dumps(body).replace("TOKEN", "'\"$(make -s token)\"'")
    return f"curl -sS {url}/auth/google \\\n  -H 'Content-Type: application/json' \\\n  -d '{text}'"


def welcome(url: str) -> None:
    """Print how to go on from here."""
    print(
        f"\nThe API answers at {url}; its description is at {url}/openapi.json\n"
        f"Sign up (in another shell, in this folder):\n\n{sign_up_command(url)}\n\n"
        'Another person: make -s token NAME="Ben Okafor" EMAIL=ben@example.com\n'
        "Stop: Ctrl-C here, or `make stop` anywhere in this folder.\n"
        "One line a request follows; LOG=json make run prints JSON.\n",
        flush=True,
    )
