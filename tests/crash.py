"""Run one act of the service in a process of its own, which dies on the spot at a chosen step.

No deployed code knows of this: a step is the moment before or after a method that the act calls, and the
process wraps that method. `os._exit` is as sudden as a kill: no handler runs, no transaction is rolled back
but by the server.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from chalicelib import wiring
from chalicelib.clients.data_keys import DataKeys
from chalicelib.clients.egress_table import EgressTable
from chalicelib.clients.erasure_ledger import ErasureLedger
from chalicelib.clients.key_vault import KeyVault
from chalicelib.clients.kms import Kms
from chalicelib.routes.all import ROUTES
from chalicelib.routes.edge import Api, mount
from chalicelib.settings import from_environment
from chalicelib.stores.erasure import ErasureStore
from chalicelib.stores.provider_grants import ProviderGrantStore
from chalicelib.stores.sign_in import SignInStore
from local.places import PROJECT
from tests.patience import HANG_SECONDS

KILLED = 137
CRASH_AT = "CRASH_AT"
Method = Callable[..., Any]


@dataclass(frozen=True)
class Step:
    """A method of a class, and on which side of it the process dies."""

    owner: type
    method: str
    after: bool


STEPS: Mapping[str, Step] = {
    "erasure before its transaction": Step(ErasureStore, "erase", after=False),
    "erasure after COMMIT": Step(ErasureStore, "erase", after=True),
    "erasure after the ledger": Step(ErasureLedger, "record", after=True),
    "erasure before the errand": Step(EgressTable, "put", after=False),
    "erasure after the errand": Step(EgressTable, "put", after=True),
    "erasure after its revocations": Step(ProviderGrantStore, "forget", after=True),
    "erasure after the vault": Step(DataKeys, "discard", after=True),
    "erasure after its completion": Step(ErasureStore, "complete", after=True),
    "sign-up after KMS": Step(Kms, "generate_data_key", after=True),
    "sign-up after the vault": Step(KeyVault, "put", after=True),
    "sign-up before COMMIT": Step(SignInStore, "create_account", after=False),
    "sign-up after COMMIT": Step(SignInStore, "create_account", after=True),
}


def die_at(name: str) -> None:
    """Arrange the death of this process."""
    step = STEPS[name]
    original: Method = getattr(step.owner, step.method)

    def dying(*args: object, **kwargs: object) -> None:
        if step.after:
            original(*args, **kwargs)
        os._exit(KILLED)

    setattr(step.owner, step.method, dying)


def crashed(step: str, environment: Mapping[str, str], request: Mapping[str, Any]) -> int:
    """Return the exit code of a process that handles one event of the gateway and should die at a step."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.crash"],
        cwd=PROJECT,
        input=json.dumps(request),
        env={**os.environ, **environment, CRASH_AT: step},
        capture_output=True,
        text=True,
        check=False,
        timeout=HANG_SECONDS,
    )
    assert done.returncode in {0, KILLED}, done.stderr
    return done.returncode


def main() -> None:
    """Handle the event on standard input."""
    services = wiring.assemble(from_environment())
    app = Api("serenya-auth")
    mount(app, ROUTES, lambda: services)
    die_at(os.environ[CRASH_AT])
    app(json.load(sys.stdin), None)


if __name__ == "__main__":
    main()
