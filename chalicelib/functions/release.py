"""What a release runs after the migrations."""

from chalicelib.assembly.database import closed_behind, opened
from chalicelib.assembly.key_rotation import key_rotation
from chalicelib.clients.clock import SystemClock
from chalicelib.clients.documents import load_documents
from chalicelib.postgres.connections import Login
from chalicelib.services.ports import Clock
from chalicelib.services.publishing import Publishing
from chalicelib.settings import Settings
from chalicelib.stores.database import connect
from chalicelib.stores.jobs.documents import PublishingStore

RELEASE = "release"  # the request id of what a release does


def publish_documents(owner_url: str, login: Login | None = None) -> None:
    """Publish the consent texts that ship with this release, as the database's owner."""
    with closed_behind(connect(owner_url, 1, login)) as owner:
        Publishing(documents=PublishingStore(owner.transactions), clock=SystemClock()).publish(
            load_documents(), RELEASE
        )


def rotate_keys(settings: Settings, *, clock: Clock | None = None) -> None:
    """Make the service's keys that are missing or due."""
    with opened(settings) as database:
        key_rotation(settings, clock or SystemClock(), database).run(RELEASE)
