"""Put together what tells whether a container can serve, part by part."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from chalicelib.clients.provider_keys import ProviderKeySource
from chalicelib.domain.id_tokens import Provider
from chalicelib.domain.keys import ServiceKeyUse, current_key
from chalicelib.routes.language import Locale
from chalicelib.services.keyring import KeyRing
from chalicelib.services.ports import Clock
from chalicelib.services.readiness import Readiness
from chalicelib.services.restore_watch import RestoreWatch
from chalicelib.settings import Settings
from chalicelib.stores.database import Database
from chalicelib.stores.documents import DocumentStore
from chalicelib.stores.readiness import is_at_head


def readiness(
    settings: Settings,
    database: Database,
    keyring: KeyRing[Any],
    provider_keys: Mapping[Provider, ProviderKeySource],
    watch: RestoreWatch,
    clock: Clock,
) -> Readiness:
    """Return what looks at each part in turn."""

    def has_keys(source: ProviderKeySource) -> bool:
        return bool(source.current(clock.now()))

    def has_documents() -> bool:
        languages = DocumentStore(database).languages(now=clock.now())
        return languages >= {locale.value for locale in Locale}

    def has_every_key() -> bool:
        keys, algorithm = keyring.fresh(), settings.signing_algorithm
        can_sign = current_key(keys.signing, algorithm, clock.now()) is not None
        return can_sign and keys.secrets.keys() == set(ServiceKeyUse)

    return Readiness(
        {
            "database": lambda: is_at_head(database),
            "keys": has_every_key,
            "documents": has_documents,
            "erasures": watch.is_current,
        }
        | {f"{name}_keys": partial(has_keys, source) for name, source in provider_keys.items()}
    )
