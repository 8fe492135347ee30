"""Put together what makes the service's own keys, at each release and daily."""

from chalicelib.assembly.keys import data_kms, signing_kms
from chalicelib.clients import jwt_keys
from chalicelib.clients.clock import SystemIds
from chalicelib.services.keys import KeyRotation
from chalicelib.services.ports import Clock
from chalicelib.settings import Settings
from chalicelib.stores.database import Database
from chalicelib.stores.jobs.keys import KeyStore


def key_rotation(settings: Settings, clock: Clock, database: Database) -> KeyRotation:
    """Return what makes the service's keys that are missing or due."""
    return KeyRotation(
        store=KeyStore(database.transactions),
        signing_kms=signing_kms(settings),
        service_kms=data_kms(settings),
        make_key=jwt_keys.make_key,
        algorithm=settings.signing_algorithm,
        clock=clock,
        ids=SystemIds(),
    )
