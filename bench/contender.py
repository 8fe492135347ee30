"""One side of a comparison: brings up parts of its own, then measures once for each line that it is given.

A line is the number of people to serve; the answer is one line of JSON, milliseconds of CPU by operation. It
runs in the root of a revision, with that revision's chalicelib/, alembic/ and local/.
"""

import json
import os
import sys

from bench.fleet import run
from bench.parts import started


def main() -> None:
    """Measure until there are no more lines."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # whatever else is printed is for people
    with started() as parts:
        print(json.dumps({}), file=answers, flush=True)  # ready
        for line in sys.stdin:
            measured = run(parts, containers=1, people=int(line))
            told = {one.operation.name: one.cpu_ms for one in measured.figures}
            print(json.dumps(told), file=answers, flush=True)


if __name__ == "__main__":
    main()
