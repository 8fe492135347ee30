"""What a release invokes, in this order: `migrate`, `publish-documents`, `rotate-keys`; all can be repeated.

The first two have the owner's role in their DATABASE_URL and the permission to log in as it; no other
function has. The previous release goes on answering meanwhile: migrations only expand (docs/migrations.md).
"""

from chalicelib import wiring
from chalicelib.assembly.database import login
from chalicelib.assembly.keys import publish_provider_keys
from chalicelib.clients.provider_keys import KeySetError, ProviderKeySet
from chalicelib.functions import release
from chalicelib.functions.invocation import Answer, Event
from chalicelib.postgres.app_role import open_roles, verifiers
from chalicelib.postgres.migrating import upgrade
from chalicelib.postgres.owner_connection import owner_connection
from chalicelib.postgres.schema_name import schema_name


def migrate(event: Event, _context: object) -> Answer:
    """Bring the schema to this release's revision and let the roles in that log in; return both revisions.

    `requests_verifier` and `app_verifier` are the SCRAM verifiers of the passwords that RDS Proxy logs in
    with as these roles; a role without one logs in by IAM.
    `kept_schemas` are the schemas of the releases that may be rolled back to; without them none is dropped.
    Raises: ValueError, before anything is done, if it isn't one.
    """
    verified = verifiers(event)
    settings = wiring.settings()
    with owner_connection(settings.database_url, login(settings)) as owner:
        before, after = upgrade(owner, event.get("kept_schemas"))
        open_roles(owner, verified)
    return {"from": before, "to": after, "schema": schema_name()}


def publish_documents(_event: Event, _context: object) -> Answer:
    """Publish the consent texts that came with this release; a published one never changes."""
    settings = wiring.settings()
    release.publish_documents(settings.database_url, login(settings))
    return {}


def rotate_keys(_event: object) -> Answer:
    """Make the service's keys that are missing or due: daily, and at each release."""
    release.rotate_keys(wiring.settings())
    return {}


def fetch_provider_keys(_event: object) -> Answer:
    """Fetch providers' keys where there is a way out, and hand those found fit to functions without one.

    Raises: KeySetError of the first provider that failed, after all were tried; its old ones stay in use.
    """
    settings, fetched, failed = wiring.settings(), dict[str, ProviderKeySet](), list[KeySetError]()
    for name, offered in settings.providers.items():
        try:
            fetched[name] = publish_provider_keys(offered, settings)
        except KeySetError as error:
            failed.append(error)
    if failed:
        raise failed[0]
    return {
        name: {"kids": sorted(keys.keys), "fresh_until": keys.fresh_until.isoformat()}
        for name, keys in fetched.items()
    }
