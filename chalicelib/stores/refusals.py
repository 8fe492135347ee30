"""The errors of functions that refuse by undoing all they did: `RAISE ... USING ERRCODE`.

Most refusals are an outcome instead, since what was written before one stays.
"""

from typing import Final

from chalicelib.domain.errors import InvalidDpopProof
from chalicelib.postgres.database import Refusals

REFUSALS: Final[Refusals] = {"SA001": InvalidDpopProof}  # raised by `use_proof` in sql/dpop.sql
