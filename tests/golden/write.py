"""Write golden bytes of the present code, once for each release: `python -m tests.golden.write RELEASE`.

RELEASE names the folder: the version, or a commit before there is one. What was written once, stays.
"""

import os
import sys
from itertools import chain
from typing import Any

import pytest

from chalicelib.domain.keys import SigningAlgorithm
from tests.golden import examples, examples_record, examples_tokens
from tests.golden.examples import Example
from tests.golden.formats import FORMATS
from tests.golden.records import HERE, Record, write_records
from tests.golden.stored import write_names_read


def made(told: Example) -> Record:
    """Return what the present code makes of an example."""
    form = FORMATS[told.format]
    stored: Any = told.stored if form.write is None else form.write(told.given, told.says)
    says = told.says
    if form.read is not None and isinstance(says, dict):  # what only the code knows, a hash, is None
        read = form.read(told.given, stored)
        says = {name: read[name] if value is None else value for name, value in says.items()}
    return Record(format=told.format, about=told.about, given=told.given, says=says, stored=stored)


def all_examples() -> list[Example]:
    """Return every example, with signing keys that were never used before."""
    signed = (
        (SigningAlgorithm.RS256, ""),  # its signatures are always the same
        (SigningAlgorithm.ES256, "_es256"),
    )
    parts = [
        examples.of_people(),
        examples.of_sealed_data(),
        examples.of_indexes(),
        examples.of_presence(),
        examples_tokens.of_tokens(),
        examples_tokens.of_receipts(),
        examples_record.of_records(),
    ]
    for algorithm, suffix in signed:
        key = examples_tokens.signing(algorithm)
        parts += [examples_tokens.of_signatures(key, suffix), examples_record.of_seals(key)]
    return list(chain.from_iterable(parts))


def main(release: str) -> int:
    """Write the folder of a release; return 0 if all went well."""
    found = [made(each) for each in all_examples()]
    write_records(release, found)
    write_names_read(release)
    os.environ["GOLDEN_RELEASE"] = release
    return int(pytest.main(["-q", str(HERE / "write_stage.py")]))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
