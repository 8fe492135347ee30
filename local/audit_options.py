"""The options of the audit's commands, apart from what carries them out: reading them imports nothing."""

from pathlib import Path
from typing import Any

from local.command_line import whole_number


def add_parsers(commands: Any) -> None:  # noqa: ANN401 - argparse keeps the type to itself
    """Declare the commands and their options."""
    commands.add_parser("audit-seal", help="seal and anchor what was audited since the last time")
    verify = commands.add_parser("audit-verify", help="verify the audit record; names the first bad entry")
    verify.add_argument("--bundle", type=Path, help="an exported file, instead of the running stack")
    verify.add_argument("--jwks", type=Path, help="with --bundle: keys that are known from elsewhere")
    verify.add_argument("--first", type=whole_number(), default=1, help="the first seal")
    verify.add_argument(
        "--last", type=whole_number(), help="the last seal; without it, all, and that nothing is cut off"
    )
    verify.add_argument("--json", action="store_true", help="for scripts")
    export = commands.add_parser("audit-export", help="write seals, events and their proofs to a file")
    export.add_argument("--file", type=Path, default=Path("audit.jsonl"))
    export.add_argument("--first", type=whole_number(), default=1, help="the first seal")
    export.add_argument("--last", type=whole_number(), help="the last seal; without it, all")
