"""Destroy a stage: all that AWS lets go at once, and a list with dates of what it doesn't (`make destroy`).

Each step may be repeated: after a failure, run it again. What AWS keeps for a while is noted beside the
releases before anything goes; another run, or the next deployment, deletes it when it may.
"""

from dataclasses import dataclass
from typing import Final

from tools.release.cloud import Cloud
from tools.release.fault import ReleaseFault
from tools.release.infrastructure import Infrastructure
from tools.release.leftovers import collect
from tools.release.lock import Lock
from tools.release.record import Ledger, Leftovers
from tools.release.removing import remove
from tools.release.shelf import Shelf

GUARDED: Final = "prod"
EVIDENCE: Final = "module.storage.aws_s3_bucket.evidence"
VAULT: Final = "module.storage.aws_dynamodb_table.vault"
OF_EVIDENCE: Final = r'\.evidence$|\["evidence"\]$'  # the bucket and what belongs to it


@dataclass(kw_only=True)
class Destroying:
    """One stage, and everything that its end needs."""

    cloud: Cloud
    shelf: Shelf
    lock: Lock
    infrastructure: Infrastructure

    def destroy(self, typed: str) -> None:
        """Destroy the stage whose name was typed. Raises: ReleaseFault."""
        stage = self.cloud.stage
        if stage == GUARDED:
            raise ReleaseFault(
                f"{stage} holds people's data: no command destroys it (docs/infrastructure.md)"
            )
        if typed != stage:
            raise ReleaseFault(f"Nothing was destroyed: {stage!r} wasn't typed")
        with self.lock:
            self._begin("infra/edge, around the API")
            self.infrastructure.destroy_edge()
            self._begin("functions and API")
            remove(self.cloud, self.shelf.ledger().deployed)
            self.shelf.write(Ledger())  # the next deployment is a first one
            self._begin("infra")
            self._destroy_infra()
            self._begin("what AWS keeps for a while")
            if collect(self.cloud, self.shelf) == Leftovers():
                print(f"   nothing: {stage} is gone", flush=True)

    def _destroy_infra(self) -> None:
        standing = self.infrastructure.standing()
        if not standing:
            print("   nothing is left of it", flush=True)
            return
        before = self.shelf.leftovers()
        buckets = {values["bucket"] for address, values in standing.items() if address == EVIDENCE}
        keys = {values["arn"] for address, values in standing.items() if ".aws_kms_key." in address}
        self.shelf.write_leftovers(
            Leftovers(
                buckets=tuple(sorted({*before.buckets, *buckets})), keys=tuple(sorted({*before.keys, *keys}))
            )
        )
        if VAULT in standing:
            self.cloud.unprotect_table(standing[VAULT]["name"])
        self.infrastructure.destroy(spared=OF_EVIDENCE)

    def _begin(self, step: str) -> None:
        self.lock.renew()
        print(f"== destroy {step}", flush=True)
