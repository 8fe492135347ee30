"""Script what a local AWS can't do: throttling, refusals, timeouts and broken answers (F-8 to F-11)."""

import json
import logging
from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID

import pytest
from botocore.stub import Stubber

from chalicelib.clients.aws import aws_client
from chalicelib.clients.aws_calls import DENIED_RETRY_AFTER, RetryPolicy
from chalicelib.clients.key_vault import KeyVault
from chalicelib.clients.kms import Kms
from chalicelib.domain.errors import DependencyUnavailable, IntegrityFailure
from chalicelib.observation.log import JsonLines
from tests.fakes import FakeClock

REGION = "eu-central-1"
ANA = UUID("00000000-0000-4000-8000-00000000000a")
CONTEXT = {"purpose": "personal_data", "user_id": str(ANA), "version": "1"}
URL = "https://kms.invalid"
PASSING = [
    ("ThrottlingException", 400),
    ("LimitExceededException", 429),
    ("KMSInternalException", 500),
    ("DependencyTimeoutException", 503),
    ("KeyUnavailableException", 500),
    ("ServiceUnavailable", 503),
]
LASTING = [
    "AccessDeniedException",
    "DisabledException",
    "KMSInvalidStateException",
    "NotFoundException",
    "InvalidKeyUsageException",
    "UnrecognizedClientException",
]


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)


class Scripted:
    """A KMS and a vault whose answers are scripted, and whose time passes only in pauses."""

    def __init__(self, *, jitter: float = 1.0) -> None:
        self.clock = FakeClock()
        policy = RetryPolicy(monotonic=self.clock.monotonic, sleep=self.clock.sleep, jitter=lambda: jitter)
        self.policy = policy
        kms, dynamodb = aws_client("kms", REGION, None), aws_client("dynamodb", REGION, None)
        self.kms_answers, self.vault_answers = Stubber(kms), Stubber(dynamodb)
        self.kms, self.vault = Kms(kms, "key-1", policy), KeyVault(dynamodb, "vault", policy)


@pytest.fixture
def aws() -> Iterator[Scripted]:
    scripted = Scripted()
    with scripted.kms_answers, scripted.vault_answers:
        yield scripted
        scripted.kms_answers.assert_no_pending_responses()
        scripted.vault_answers.assert_no_pending_responses()


@pytest.mark.parametrize(("code", "status"), PASSING)
def test_what_passes_is_tried_again_after_a_pause(aws: Scripted, code: str, status: int) -> None:
    # F-8, K7
    aws.kms_answers.add_client_error("decrypt", code, http_status_code=status)
    aws.kms_answers.add_client_error("decrypt", code, http_status_code=status)
    aws.kms_answers.add_response("decrypt", {"Plaintext": b"plain"})
    assert aws.kms.decrypt(b"wrapped", CONTEXT) == b"plain"
    assert aws.clock.slept == [0.25, 0.5]


@pytest.mark.parametrize(("code", "status"), PASSING)
def test_what_does_not_pass_in_time_is_unavailable_for_seconds(
    aws: Scripted, caplog: pytest.LogCaptureFixture, code: str, status: int
) -> None:
    # F-8
    for _ in range(3):
        aws.kms_answers.add_client_error("generate_data_key", code, http_status_code=status)
    with pytest.raises(DependencyUnavailable) as failure:
        aws.kms.generate_data_key(CONTEXT)
    assert failure.value.retry_after == timedelta(seconds=5)
    assert [record.getMessage() for record in caplog.records] == ["kms_unavailable"]


@pytest.mark.parametrize("code", LASTING)
def test_a_refusal_is_unavailable_without_a_retry_and_told_to_the_operator(
    aws: Scripted, caplog: pytest.LogCaptureFixture, code: str
) -> None:
    # F-9: one scripted answer, so that a second attempt would fail the test
    aws.kms_answers.add_client_error("decrypt", code, http_status_code=400)
    with pytest.raises(DependencyUnavailable) as failure:
        aws.kms.decrypt(b"wrapped", CONTEXT)
    assert failure.value.retry_after == DENIED_RETRY_AFTER
    assert [(record.levelno, record.getMessage()) for record in caplog.records] == [
        (logging.ERROR, "kms_denied")
    ]
    line = json.loads(JsonLines().format(caplog.records[0]))
    assert (line["event"], line["cause"]) == ("kms_denied", code)


@pytest.mark.parametrize("code", ["InvalidCiphertextException", "IncorrectKeyException"])
def test_a_wrapped_key_that_is_not_ours_is_an_integrity_failure_at_once(aws: Scripted, code: str) -> None:
    # F-11
    aws.kms_answers.add_client_error("decrypt", code, http_status_code=400)
    with pytest.raises(IntegrityFailure):
        aws.kms.decrypt(b"wrapped", CONTEXT)


def test_decrypt_names_its_key_and_its_context(aws: Scripted) -> None:
    # K1
    expected = {
        "KeyId": "key-1",
        "CiphertextBlob": b"wrapped",
        "EncryptionContext": CONTEXT,
        "EncryptionAlgorithm": "SYMMETRIC_DEFAULT",
    }
    aws.kms_answers.add_response("decrypt", {"Plaintext": b"plain"}, expected)
    aws.kms.decrypt(b"wrapped", CONTEXT)


def test_nothing_of_a_person_reaches_the_log_of_a_refusal(
    aws: Scripted, caplog: pytest.LogCaptureFixture
) -> None:
    aws.kms_answers.add_client_error(
        "decrypt", "AccessDeniedException", f"arn of {ANA}", http_status_code=400
    )
    with pytest.raises(DependencyUnavailable):
        aws.kms.decrypt(b"wrapped", CONTEXT)
    assert str(ANA) not in "".join(str(vars(record)) for record in caplog.records)


def test_a_throttled_vault_is_tried_again(aws: Scripted) -> None:
    aws.vault_answers.add_client_error(
        "get_item", "ProvisionedThroughputExceededException", http_status_code=400
    )
    aws.vault_answers.add_response("get_item", {})
    assert aws.vault.get(ANA) is None


def test_a_vault_without_its_table_is_unavailable_never_an_erased_person(
    aws: Scripted, caplog: pytest.LogCaptureFixture
) -> None:
    aws.vault_answers.add_client_error("get_item", "ResourceNotFoundException", http_status_code=400)
    with pytest.raises(DependencyUnavailable):
        aws.vault.get(ANA)
    assert [record.getMessage() for record in caplog.records] == ["key_vault_denied"]
