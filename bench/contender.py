"""One side of a comparison: brings up parts of its own, then measures once for each line that it is given.

A line is the number of people to serve. The answer is one line of JSON: by operation the milliseconds of CPU,
of the handler and of PostgreSQL, the median latency and the bytes sent. It runs in the root of a revision,
with that revision's chalicelib/, alembic/ and local/.
"""

import json
import os
import sys

from bench.fleet import run
from bench.parts import started

DATABASE, P50, BYTES = ", database", ", p50", ", bytes"


def main() -> None:
    """Measure until there are no more lines."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # whatever else is printed is for people
    with started() as parts:
        print(json.dumps({}), file=answers, flush=True)  # ready
        for line in sys.stdin:
            measured = run(parts, containers=1, people=int(line))
            told = {
                f"{one.operation.name}{what}": value
                for one in measured.figures
                for what, value in (
                    ("", one.cpu_ms),
                    (DATABASE, one.database_cpu_ms),
                    (P50, one.p50_ms),
                    (BYTES, one.sent_bytes),
                )
            }
            print(json.dumps(told), file=answers, flush=True)


if __name__ == "__main__":
    main()
