"""What a release runs after the migrations."""

from chalicelib.assembly.database import closed_behind, opened
from chalicelib.assembly.keys import data_kms, kms_key
from chalicelib.clients import jwt_keys
from chalicelib.clients.clock import SystemClock, SystemIds
from chalicelib.clients.documents import load_documents
from chalicelib.services.keys import KeyRotation
from chalicelib.services.ports import Clock
from chalicelib.services.publishing import Publishing
from chalicelib.settings import Settings
from chalicelib.stores.database import Login, connect
from chalicelib.stores.documents import DocumentStore
from chalicelib.stores.keys import KeyStore

RELEASE = "release"  # the request id of what a release does


def publish_documents(owner_url: str, login: Login | None = None) -> None:
    """Publish the consent texts that ship with this release, as the database's owner."""
    with closed_behind(connect(owner_url, 1, login)) as owner:
        Publishing(documents=DocumentStore(owner), clock=SystemClock()).publish(load_documents(), RELEASE)


def rotate_keys(settings: Settings, *, clock: Clock | None = None) -> None:
    """Make the service's keys that are missing or due."""
    with opened(settings) as database:
        KeyRotation(
            store=KeyStore(database),
            signing_kms=kms_key(settings, settings.signing_kms_key_id),
            service_kms=data_kms(settings),
            make_key=jwt_keys.make_key,
            algorithm=settings.signing_algorithm,
            clock=clock or SystemClock(),
            ids=SystemIds(),
        ).run(RELEASE)
