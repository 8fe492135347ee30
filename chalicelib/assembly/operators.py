"""Put together what operators use."""

from chalicelib.services.operators import OperatorService
from chalicelib.services.ports import Clock, DataKeys
from chalicelib.services.secrets import Secrets
from chalicelib.stores.database import Database
from chalicelib.stores.jobs.operators import OperatorStore


def operators(database: Database, secrets: Secrets, keys: DataKeys, clock: Clock) -> OperatorService:
    """Return what operators do with people's accounts."""
    return OperatorService(
        store=OperatorStore(database.transactions), secrets=secrets, keys=keys, clock=clock
    )
