"""`make stop` and `make clean`: with any Python, without what they stop and remove."""

import sys

from local import cleaning, running
from local.places import StackError, explained


def main(command: str) -> int:
    """Carry out one of the two; returns the exit code."""
    try:
        if command == "clean":
            cleaning.clean_all()
        else:
            print("Stopped." if running.stop_run() else "Nothing is running.")
    except StackError as error:
        print(error, file=sys.stderr)
        return 1
    except OSError as error:
        print(explained(error) or f"{error.filename}: {error.strerror}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
