"""Read a command's options and name them as they were typed: `ACTOR=` behind make, `--actor` elsewhere."""

import argparse
import os
import re
import sys
from typing import Any, Final, NoReturn

CALLED_BY: Final = "CALLED_BY"  # the Makefile exports it as `make`
OPTION: Final = re.compile(r"(?<![\w-])--([a-z][a-z-]*)")


def is_called_by_make() -> bool:
    """Tell whether a recipe of the Makefile runs this command."""
    return os.environ.get(CALLED_BY) == "make"


def typed(name: str, value: object = "") -> str:
    """Return how a person types an option, with a value or none: `USER_ID=`, `PART=2`, `--part 2`."""
    if is_called_by_make():
        return f"{name.upper().replace('-', '_')}={value}"
    return f"--{name.replace('_', '-')} {value}".rstrip()


def whole_number(smallest: int = 1) -> Any:  # noqa: ANN401 - what argparse calls a type
    """Return a reader of whole numbers from `smallest`."""

    def read(text: str) -> int:
        if not (text.isascii() and text.isdecimal()) or int(text) < smallest:
            message = f"{text!r} isn't a whole number from {smallest}"
            raise argparse.ArgumentTypeError(message)
        return int(text)

    return read


def seconds(text: str) -> float:
    """Return a number of seconds above zero."""
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < float("inf"):
        message = f"{text!r} isn't a number of seconds above 0"
        raise argparse.ArgumentTypeError(message)
    return value


class CommandLine(argparse.ArgumentParser):
    """A parser whose complaints speak of what was typed."""

    def add_argument(self, *names: Any, **options: Any) -> argparse.Action:  # noqa: ANN401 - argparse's own
        """Declare an option or an argument; behind make, an argument has a name too."""
        if is_called_by_make() and not names[0].startswith("-"):
            options.setdefault("metavar", typed(names[0]))
        return super().add_argument(*names, **options)

    def error(self, message: str) -> NoReturn:
        """Say what is wrong, in the words of whoever typed it, and exit with 2."""
        if not is_called_by_make():
            super().error(message)
        said = OPTION.sub(lambda option: typed(option[1]), message.removeprefix("argument "))
        self.exit(2, f"{said[:1].upper()}{said[1:]}\n")


def progress(line: str) -> None:
    """Tell on stderr what a long command does now: stdout is for its result."""
    print(line, file=sys.stderr, flush=True)
