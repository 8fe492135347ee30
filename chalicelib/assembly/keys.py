"""Put together the keys of the service and of providers: where each is fetched, and what opens it."""

from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from chalicelib.assembly.clients import shared_client
from chalicelib.clients import jwt_keys, s3_keys
from chalicelib.clients.bounded_http import BoundedHttp
from chalicelib.clients.clock import SystemClock
from chalicelib.clients.data_keys import DataKeys
from chalicelib.clients.jwt_keys import TokenKey
from chalicelib.clients.key_fetcher import KeyFetcher
from chalicelib.clients.key_vault import KeyVault
from chalicelib.clients.kms import Kms
from chalicelib.clients.provider_keys import ProviderKeySet, ProviderKeySource
from chalicelib.clients.s3_keys import S3KeySource
from chalicelib.domain.id_tokens import Provider
from chalicelib.domain.keys import SigningKeyRecord
from chalicelib.domain.providers import OfferedProvider
from chalicelib.services.keyring import KeyRing
from chalicelib.services.ports import Clock
from chalicelib.settings import Settings
from chalicelib.stores.database import Database
from chalicelib.stores.keys import KeySource

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


def provider_keys(settings: Settings) -> Mapping[Provider, ProviderKeySource]:
    """Return the keys of each provider: from S3 inside the VPC, else from the provider itself."""
    return {name: _keys_of(offered, settings) for name, offered in settings.providers.items()}


def publish_provider_keys(offered: OfferedProvider, settings: Settings) -> ProviderKeySet:
    """Fetch a provider's keys, put them where the functions inside the VPC read them, and return them.

    Raises: KeySetUnreachable or KeySetRefused, and nothing is put; botocore's errors, if S3 refuses.
    """
    declared = offered.declared
    fetcher = KeyFetcher(url=declared.keys_url, http=BoundedHttp(), algorithms=declared.algorithms)
    fetched = fetcher.fetch(SystemClock().now())
    s3, bucket, key = _place_of(offered, settings)
    s3_keys.publish(s3=s3, bucket=bucket, key=key, key_set=fetched)
    return fetched


def _keys_of(offered: OfferedProvider, settings: Settings) -> ProviderKeySource:
    algorithms = offered.declared.algorithms
    if not offered.keys_url.startswith("s3://"):
        return KeyFetcher(url=offered.keys_url, http=BoundedHttp(), algorithms=algorithms)
    s3, bucket, key = _place_of(offered, settings)
    return S3KeySource(s3=s3, bucket=bucket, key=key, algorithms=algorithms)


def _place_of(offered: OfferedProvider, settings: Settings) -> tuple["S3Client", str, str]:
    place = urlsplit(offered.keys_url)
    s3 = shared_client("s3", settings.aws_region, settings.aws_endpoint_url)
    return s3, place.netloc, place.path.removeprefix("/")


def service_keyring(settings: Settings, clock: Clock, database: Database) -> KeyRing[TokenKey]:
    """Return the service's own keys; nothing is loaded yet."""
    return KeyRing(
        store=KeySource(database),
        signing_kms=signing_kms(settings),
        service_kms=data_kms(settings),
        load_key=_load_key,
        clock=clock,
    )


def _load_key(record: SigningKeyRecord, private_der: bytes) -> TokenKey:
    return jwt_keys.load_key(record.kid, record.algorithm, private_der)


def signing_kms(settings: Settings) -> Kms:
    """Return what wraps signing keys, and unwraps what earlier ones wrapped."""
    client = shared_client("kms", settings.aws_region, settings.aws_endpoint_url)
    return Kms(client, settings.signing_kms_key_id, history=settings.signing_kms_key_history)


def data_kms(settings: Settings) -> Kms:
    """Return what wraps people's keys and the service's secrets, and unwraps what earlier ones wrapped."""
    client = shared_client("kms", settings.aws_region, settings.aws_endpoint_url)
    return Kms(client, settings.kms_key_id, history=settings.kms_key_history)


def people_keys(settings: Settings, clock: Clock) -> DataKeys:
    """Return the data keys of all people, with a cache of this container's own."""
    vault = KeyVault(
        shared_client("dynamodb", settings.aws_region, settings.aws_endpoint_url), settings.vault_table
    )
    return DataKeys(data_kms(settings), vault, clock)
