"""Hold the fake KMS and the real client, against a local AWS, to the same promises."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal

import pytest
from moto import mock_aws

from chalicelib.clients.aws import aws_client
from chalicelib.clients.kms import Kms
from chalicelib.domain.errors import IntegrityFailure
from tests.fakes import InMemoryKms

if TYPE_CHECKING:
    from chalicelib.clients.data_keys import KeyWrapping

CONTEXT = {"purpose": "personal_data", "user_id": "00000000-0000-4000-8000-00000000000a", "version": "1"}
SOMEBODY_ELSE = CONTEXT | {"user_id": "00000000-0000-4000-8000-00000000000b"}


@pytest.fixture(params=["fake", "aws"])
def kms(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Kms | InMemoryKms]:
    made: Literal["fake", "aws"] = request.param
    if made == "fake":
        yield InMemoryKms()
        return
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        client = aws_client("kms", "eu-central-1", None)
        yield Kms(client, client.create_key()["KeyMetadata"]["KeyId"])


def test_kms_fits_what_data_keys_need(kms: Kms | InMemoryKms) -> None:
    port: KeyWrapping = kms
    assert port is kms


def test_a_data_key_has_256_bits_and_unwraps_with_its_context(kms: Kms | InMemoryKms) -> None:
    plain, wrapped = kms.generate_data_key(CONTEXT)
    assert len(plain) == 32
    assert plain not in wrapped
    assert kms.decrypt(wrapped, CONTEXT) == plain


def test_no_two_data_keys_are_alike(kms: Kms | InMemoryKms) -> None:
    assert kms.generate_data_key(CONTEXT)[0] != kms.generate_data_key(CONTEXT)[0]


def test_what_was_wrapped_unwraps(kms: Kms | InMemoryKms) -> None:
    assert kms.decrypt(kms.encrypt(b"a signing key", CONTEXT), CONTEXT) == b"a signing key"


@pytest.mark.parametrize("context", [SOMEBODY_ELSE, {}, CONTEXT | {"more": "1"}])
def test_another_context_unwraps_nothing(kms: Kms | InMemoryKms, context: dict[str, str]) -> None:
    # K1, F-11
    with pytest.raises(IntegrityFailure):
        kms.decrypt(kms.encrypt(b"a signing key", CONTEXT), context)


@pytest.mark.parametrize("wrapped", [b"", b"x", bytes(6145)])
def test_what_was_never_wrapped_unwraps_to_nothing(kms: Kms | InMemoryKms, wrapped: bytes) -> None:
    # F-11
    with pytest.raises(IntegrityFailure):
        kms.decrypt(wrapped, CONTEXT)


def test_a_damaged_wrapped_key_stays_shut(kms: Kms | InMemoryKms) -> None:
    # F-11
    _, wrapped = kms.generate_data_key(CONTEXT)
    with pytest.raises(IntegrityFailure):
        kms.decrypt(wrapped[:-1] + bytes([wrapped[-1] ^ 1]), CONTEXT)
