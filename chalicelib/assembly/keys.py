"""Put together the keys of the service and of Google: where each is fetched, and what opens it."""

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from chalicelib.clients import jwt_keys, s3_keys
from chalicelib.clients.aws import aws_client
from chalicelib.clients.bounded_http import BoundedHttp
from chalicelib.clients.clock import SystemClock
from chalicelib.clients.google_keys import GOOGLE_KEYS_URL, GoogleKeyFetcher
from chalicelib.clients.jwt_keys import TokenKey
from chalicelib.clients.kms import Kms
from chalicelib.clients.provider_keys import ProviderKeySet, ProviderKeySource
from chalicelib.clients.s3_keys import S3KeySource
from chalicelib.domain.keys import SigningKeyRecord
from chalicelib.services.keyring import KeyRing
from chalicelib.services.ports import Clock
from chalicelib.settings import Settings
from chalicelib.stores.database import Database
from chalicelib.stores.keys import KeyStore

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


def google_keys(settings: Settings) -> ProviderKeySource:
    """Return Google's keys: from S3 inside the VPC, else from Google itself."""
    if not settings.google_keys_url.startswith("s3://"):
        return GoogleKeyFetcher(url=settings.google_keys_url, http=BoundedHttp())
    s3, bucket, key = _google_keys_place(settings)
    return S3KeySource(s3=s3, bucket=bucket, key=key)


def publish_google_keys(settings: Settings) -> ProviderKeySet:
    """Fetch Google's keys, put them where the functions inside the VPC read them, and return them.

    Raises: KeySetUnreachable or KeySetRefused, and nothing is put; botocore's errors, if S3 refuses.
    """
    fetched = GoogleKeyFetcher(url=GOOGLE_KEYS_URL, http=BoundedHttp()).fetch(SystemClock().now())
    s3, bucket, key = _google_keys_place(settings)
    s3_keys.publish(s3=s3, bucket=bucket, key=key, key_set=fetched)
    return fetched


def _google_keys_place(settings: Settings) -> tuple["S3Client", str, str]:
    place = urlsplit(settings.google_keys_url)
    s3 = aws_client("s3", settings.aws_region, settings.aws_endpoint_url)
    return s3, place.netloc, place.path.removeprefix("/")


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
