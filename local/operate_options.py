"""The options of `operate`, apart from what carries it out: reading them imports nothing."""

from typing import Any

from local.command_line import whole_number

ACTS = ("find", "show", "suspend", "reinstate", "end-sessions", "export", "erase")


def add_parser(commands: Any) -> None:  # noqa: ANN401 - argparse keeps the type to itself
    """Declare the command and its options."""
    operate = commands.add_parser("operate", help="find a person, or act on their account; on record")
    operate.add_argument("act", choices=ACTS)
    operate.add_argument("--email", help="find: a verified address")
    operate.add_argument("--subject", help="find: the provider's id of the person")
    operate.add_argument("--provider", default="google", help="find: the provider of the subject")
    operate.add_argument("--user-id", help="all others: whom; `find` tells it")
    operate.add_argument("--part", type=whole_number(), default=1, help="export: which part")
    operate.add_argument("--reveal", action="store_true", help="show: with the profile, decrypted")
    operate.add_argument("--actor", required=True, help="who you are; stays on record for 7 years")
    operate.add_argument("--reason", required=True, help="why, without anything personal: a ticket's number")
    operate.add_argument("--emergency", action="store_true", help="on record as emergency access")
    operate.add_argument("--json", action="store_true", help="for scripts")
