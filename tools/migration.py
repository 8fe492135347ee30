"""Write the next migration: `make migration NAME="notes of operators"`.

It is numbered behind the newest one, made of alembic/script.py.mako, and the code expects it from then on.
"""

import io
import re
import sys
from contextlib import redirect_stdout
from pathlib import Path
from typing import Final

from alembic.config import Config
from alembic.script import ScriptDirectory

from local.command_line import CommandLine, typed

PROJECT: Final = Path(__file__).resolve().parents[1]
EXPECTED: Final = Path("chalicelib") / "stores" / "readiness.py"
HEAD: Final = re.compile(r'^(HEAD: Final = )"\d{4}"', re.MULTILINE)
NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9 ,'-]{2,59}")
NAME_IN_WORDS: Final = "says in 3 to 60 letters, digits and spaces what changes, beginning with a letter"


def main(arguments: list[str]) -> None:
    """Write it, and print where it is."""
    parser = CommandLine(prog="python -m tools.migration", description=__doc__)
    parser.add_argument("--name", required=True, help="what changes, in a few words")
    name = parser.parse_args(arguments).name.strip().rstrip(".")
    if not NAME.fullmatch(name):
        parser.error(f"{typed('name')} {NAME_IN_WORDS}")
    print(write(PROJECT, name).relative_to(PROJECT))


def write(project: Path, name: str) -> Path:
    """Return the file of the new migration, which the code of the project then expects."""
    config = Config(str(project / "alembic.ini"))
    config.set_main_option("script_location", str(project / "alembic").replace("%", "%%"))  # configparser's
    scripts = ScriptDirectory.from_config(config)
    newest = scripts.get_current_head() or "0000"
    number = f"{int(newest) + 1:04}"
    with redirect_stdout(io.StringIO()):  # it says what it does
        made = scripts.generate_revision(number, name[:1].upper() + name[1:])
    if made is None:
        sys.exit(f"{number} wasn't written")
    expected = project / EXPECTED
    text = expected.read_text(encoding="utf-8")
    expected.write_text(HEAD.sub(rf'\1"{number}"', text), encoding="utf-8")
    return Path(made.path)


if __name__ == "__main__":
    main(sys.argv[1:])
