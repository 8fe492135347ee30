"""Let KMS make, wrap and unwrap keys: the one place where a key of ours is tied to hardware.

Every call carries an encryption context that KMS authenticates and CloudTrail records: ids only, nothing
personal (K1). A wrapped key opens only with the context that it was wrapped with, so one put in another's
place stays shut (F-11).
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from chalicelib.clients.aws_calls import STANDARD_RETRIES, AwsCalls, RetryPolicy
from chalicelib.domain.errors import IntegrityFailure

if TYPE_CHECKING:
    from mypy_boto3_kms import KMSClient

WRAPPED_BYTES_MAX = 6144  # what Decrypt takes (AWS KMS API reference, Decrypt, CiphertextBlob)
CORRUPT = frozenset({"InvalidCiphertextException", "IncorrectKeyException"})


class Kms:
    """One KMS key; each method raises DependencyUnavailable when it can't be used (F-8, F-9, F-10)."""

    def __init__(self, client: "KMSClient", key_id: str, retries: RetryPolicy = STANDARD_RETRIES) -> None:
        """Use one key, by id or ARN, through a client that doesn't retry on its own."""
        self._client = client
        self._key_id = key_id
        self._calls = AwsCalls(service="kms", integrity_codes=CORRUPT, retries=retries)

    def generate_data_key(self, context: Mapping[str, str]) -> tuple[bytes, bytes]:
        """Return a new 256-bit key, plain and wrapped."""
        answer = self._calls.answer(
            self._client.generate_data_key, KeyId=self._key_id, KeySpec="AES_256", EncryptionContext=context
        )
        return answer["Plaintext"], answer["CiphertextBlob"]

    def encrypt(self, plaintext: bytes, context: Mapping[str, str]) -> bytes:
        """Return the plaintext, at most 4096 bytes, wrapped."""
        answer = self._calls.answer(
            self._client.encrypt,
            KeyId=self._key_id,
            Plaintext=plaintext,
            EncryptionContext=context,
            EncryptionAlgorithm="SYMMETRIC_DEFAULT",
        )
        return answer["CiphertextBlob"]

    def decrypt(self, wrapped: bytes, context: Mapping[str, str]) -> bytes:
        """Return what was wrapped by this key with this context.

        Raises IntegrityFailure for anything else.
        """
        if not 0 < len(wrapped) <= WRAPPED_BYTES_MAX:
            raise IntegrityFailure
        answer = self._calls.answer(
            self._client.decrypt,
            KeyId=self._key_id,
            CiphertextBlob=wrapped,
            EncryptionContext=context,
            EncryptionAlgorithm="SYMMETRIC_DEFAULT",
        )
        return answer["Plaintext"]
