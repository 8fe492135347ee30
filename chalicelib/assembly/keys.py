"""Put together the keys of the service and of Google: where each is fetched, and what opens it."""

from urllib.parse import urlsplit

from chalicelib.clients import jwt_keys
from chalicelib.clients.aws import aws_client
from chalicelib.clients.bounded_http import BoundedHttp
from chalicelib.clients.google_keys import GoogleKeyFetcher
from chalicelib.clients.jwt_keys import TokenKey
from chalicelib.clients.kms import Kms
from chalicelib.clients.provider_keys import ProviderKeySource
from chalicelib.clients.s3_keys import S3KeySource
from chalicelib.domain.keys import SigningKeyRecord
from chalicelib.services.keyring import KeyRing
from chalicelib.services.ports import Clock
from chalicelib.settings import Settings
from chalicelib.stores.database import Database
from chalicelib.stores.keys import KeyStore


def google_keys(settings: Settings) -> ProviderKeySource:
    """Return Google's keys: from S3 inside the VPC, else from Google itself."""
    url = settings.google_keys_url
    if not url.startswith("s3://"):
        return GoogleKeyFetcher(url=url, http=BoundedHttp())
    place = urlsplit(url)
    s3 = aws_client("s3", settings.aws_region, settings.aws_endpoint_url)
    return S3KeySource(s3=s3, bucket=place.netloc, key=place.path.removeprefix("/"))


def service_keyring(settings: Settings, clock: Clock, database: Database) -> KeyRing[TokenKey]:
    """Return the service's own keys; nothing is loaded yet."""
    return KeyRing(
        store=KeyStore(database),
        signing_kms=kms_key(settings, settings.signing_kms_key_id),
        service_kms=data_kms(settings),
        load_key=_load_key,
        clock=clock,
    )


def _load_key(record: SigningKeyRecord, private_der: bytes) -> TokenKey:
    return jwt_keys.load_key(record.kid, record.algorithm, private_der)


def kms_key(settings: Settings, key_id: str) -> Kms:
    """Return one key of KMS."""
    return Kms(aws_client("kms", settings.aws_region, settings.aws_endpoint_url), key_id)


def data_kms(settings: Settings) -> Kms:
    """Return what wraps people's keys and the service's secrets, and unwraps what earlier ones wrapped."""
    client = aws_client("kms", settings.aws_region, settings.aws_endpoint_url)
    return Kms(client, settings.kms_key_id, history=settings.kms_key_history)
