"""Keep the key that Apple gave us, wrapped by KMS, where the function that uses it reads it (L6).

It is an item of the egress table that is no errand: outside the VPC nothing else of ours can be read, and
whoever reads the function's settings finds nothing. Lost with the table, it is put again.
"""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_private_key,
    load_pem_private_key,
)

from chalicelib.clients.aws_calls import STANDARD_RETRIES, AwsCalls, RetryPolicy
from chalicelib.clients.egress_table import ID
from chalicelib.clients.item_values import item_bytes, item_text
from chalicelib.domain.egress import client_key_context
from chalicelib.domain.errors import IntegrityFailure
from chalicelib.domain.formats import Format, required

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mypy_boto3_dynamodb import DynamoDBClient

ITEM = "apple-client-key"  # no errand's id: those have a dot behind their kind


class Wrapping(Protocol):
    """What is needed of KMS."""

    @property
    def key_id(self) -> str:
        """The key that wraps."""

    def encrypt(self, plaintext: bytes, context: "Mapping[str, str]") -> bytes:
        """Return the plaintext wrapped."""

    def decrypt(self, wrapped: bytes, context: "Mapping[str, str]", wrapped_by: str | None = None) -> bytes:
        """Return what was wrapped with this context."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientKey:
    """A key of our team at Apple, ready to sign."""

    team_id: str
    key_id: str
    private: EllipticCurvePrivateKey = field(repr=False)


class AppleClientKeys:
    """The one key in use; each method raises DependencyUnavailable."""

    def __init__(
        self,
        client: "DynamoDBClient",
        table: str,
        wrapping: Wrapping,
        retries: RetryPolicy = STANDARD_RETRIES,
    ) -> None:
        """Use the egress table."""
        self._client = client
        self._table = table
        self._wrapping = wrapping
        self._calls = AwsCalls(service="egress", integrity_codes=frozenset(), retries=retries)

    def put(self, *, team_id: str, key_id: str, private_pem: str) -> None:
        """Use this key from now on. Raises ValueError unless it is a P-256 key in PEM without a password."""
        private = _p256(private_pem)
        der = private.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
        wrapped = self._wrapping.encrypt(der, client_key_context(team_id, key_id))
        self._calls.answer(
            self._client.put_item,
            TableName=self._table,
            Item=KEY.write(
                {
                    ID: {"S": ITEM},
                    "team_id": {"S": team_id},
                    "key_id": {"S": key_id},
                    "wrapped": {"B": wrapped},
                    "kms_key_id": {"S": self._wrapping.key_id},
                }
            ),
        )

    def get(self) -> ClientKey | None:
        """Return the key; None when there is none. Raises IntegrityFailure for what isn't one."""
        answer = self._calls.answer(
            self._client.get_item, TableName=self._table, Key={ID: {"S": ITEM}}, ConsistentRead=True
        )
        item = answer.get("Item")
        if item is None:
            return None
        told = KEY.read(item)
        team_id, key_id = told["team_id"], told["key_id"]
        der = self._wrapping.decrypt(told["wrapped"], client_key_context(team_id, key_id), told["kms_key_id"])
        try:
            private = load_der_private_key(der, password=None)
        except (TypeError, ValueError) as error:
            raise IntegrityFailure from error
        if not isinstance(private, EllipticCurvePrivateKey):
            raise IntegrityFailure
        return ClientKey(team_id=team_id, key_id=key_id, private=private)


KEY = Format(
    "apple_client_key_item",
    {
        ID: required(item_text),
        "team_id": required(item_text),
        "key_id": required(item_text),
        "wrapped": required(item_bytes),
        "kms_key_id": required(item_text),
    },
)


def _p256(pem: str) -> EllipticCurvePrivateKey:
    try:
        private = load_pem_private_key(pem.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise ValueError("private_key is the PEM of a P-256 key, as Apple gives it (.p8)") from error
    if not isinstance(private, EllipticCurvePrivateKey) or not isinstance(private.curve, SECP256R1):
        raise ValueError("private_key is a P-256 key")  # noqa: TRY004 - its value is wrong, not its type
    return private
