"""Let KMS make, wrap, unwrap and re-wrap keys: the one place where a key of ours is tied to hardware.

Every call carries an encryption context that KMS authenticates and CloudTrail records: ids only, nothing
personal (K1). A wrapped key opens only with the context that it was wrapped with, so one put in another's
place stays shut (F-11).
"""

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING

from chalicelib.clients.aws_calls import DENIED_RETRY_AFTER, STANDARD_RETRIES, AwsCalls, RetryPolicy
from chalicelib.domain.errors import DependencyUnavailable, IntegrityFailure
from chalicelib.observation import log

if TYPE_CHECKING:
    from mypy_boto3_kms import KMSClient

WRAPPED_BYTES_MAX = 6144  # what Decrypt takes (AWS KMS API reference, Decrypt, CiphertextBlob)
CORRUPT = frozenset({"InvalidCiphertextException", "IncorrectKeyException"})


class Kms:
    """The KMS key that wraps, and those before or after it that may have wrapped.

    Each method raises DependencyUnavailable when a key can't be used (F-8, F-9, F-10).
    """

    def __init__(
        self,
        client: "KMSClient",
        key_id: str,
        retries: RetryPolicy = STANDARD_RETRIES,
        history: tuple[str, ...] = (),
    ) -> None:
        """Wrap with one key, by id or ARN, through a client that doesn't retry on its own.

        `history` are all keys that ever wrap, the first one first; none: there is but this one.
        """
        self._client = client
        self._key_id = key_id
        self._history = history or (key_id,)
        self._calls = AwsCalls(service="kms", integrity_codes=CORRUPT, retries=retries)

    @property
    def key_id(self) -> str:
        """The key that wraps."""
        return self._key_id

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

    def decrypt(self, wrapped: bytes, context: Mapping[str, str], wrapped_by: str | None = None) -> bytes:
        """Return what was wrapped with this context by one of our keys, None for the first of them.

        Raises IntegrityFailure for anything else.
        """
        key_id = self._wrapper(wrapped, wrapped_by)
        answer = self._calls.answer(
            self._client.decrypt,
            KeyId=key_id,
            CiphertextBlob=wrapped,
            EncryptionContext=context,
            EncryptionAlgorithm="SYMMETRIC_DEFAULT",
        )
        return answer["Plaintext"]

    def rewrap(self, wrapped: bytes, context: Mapping[str, str], wrapped_by: str | None) -> bytes:
        """Return what one of our keys wrapped, under the one that wraps now; plain it is inside KMS only.

        Raises IntegrityFailure when it wasn't wrapped by that key with this context.
        """
        answer = self._calls.answer(
            self._client.re_encrypt,
            CiphertextBlob=wrapped,
            SourceKeyId=self._wrapper(wrapped, wrapped_by),
            SourceEncryptionContext=context,
            SourceEncryptionAlgorithm="SYMMETRIC_DEFAULT",
            DestinationKeyId=self._key_id,
            DestinationEncryptionContext=context,
            DestinationEncryptionAlgorithm="SYMMETRIC_DEFAULT",
        )
        return answer["CiphertextBlob"]

    def _wrapper(self, wrapped: bytes, wrapped_by: str | None) -> str:
        """Return the key to name: one of the settings' own, whatever a row or an item says."""
        if not 0 < len(wrapped) <= WRAPPED_BYTES_MAX:
            raise IntegrityFailure
        key_id = wrapped_by or self._history[0]
        if key_id not in self._history:
            log.event("kms_key_not_in_history", logging.ERROR)
            raise DependencyUnavailable(retry_after=DENIED_RETRY_AFTER)
        return key_id
