"""The options of `keys`, apart from what carries it out: reading them imports nothing."""

from typing import Any

ACTS = ("status", "rotate", "reindex", "retire", "rewrap", "sweep")


def add_parser(commands: Any) -> None:  # noqa: ANN401 - argparse keeps the type to itself
    """Declare the command and its options."""
    keys = commands.add_parser("keys", help="show where every key stands, and none of them; or change one")
    keys.add_argument("act", choices=ACTS, nargs="?", default="status")
    keys.add_argument("--use", help="rotate, retire: refresh_token, challenge or blind_index")
    keys.add_argument("--version", help="retire: which version of it")
    keys.add_argument("--kid", help="retire: a signing key instead; `--json` shows it in full")
    keys.add_argument("--actor", help="retire: who you are; stays on record for 7 years")
    keys.add_argument("--reason", help="retire: why, without anything personal: a ticket's number")
    keys.add_argument("--json", action="store_true", help="for scripts")
