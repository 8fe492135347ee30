"""Put together what keeps anyone from asking too often."""

from chalicelib.services.limits import Limits
from chalicelib.services.ports import Clock
from chalicelib.services.secrets import Secrets
from chalicelib.settings import Settings
from chalicelib.stores.database import Database
from chalicelib.stores.limits import LimitStore


def limits(settings: Settings, database: Database, secrets: Secrets, clock: Clock) -> Limits:
    """Return the limits, all buckets of this container empty."""
    lifted = settings.limits_are_lifted
    return Limits(store=LimitStore(database), secrets=secrets, clock=clock, are_lifted=lifted)
