"""The local AWS: complete, repeatable, and deaf to a developer's own account."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from local.aws import KEYS_BUCKET, VAULT_TABLE, LocalAws, aws_environment, local_session


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAws]:
    with LocalAws(tmp_path_factory.mktemp("aws")) as running:
        yield running


def test_everything_is_made_once_and_found_again(aws: LocalAws) -> None:
    first = aws.provision()
    assert aws.provision() == first
    assert first.kms_key_id != first.signing_kms_key_id
    assert (first.vault_table, first.keys_bucket) == (VAULT_TABLE, KEYS_BUCKET)


def test_a_given_endpoint_is_used_and_nothing_is_started(aws: LocalAws, tmp_path: Path) -> None:
    given = LocalAws(tmp_path, aws.endpoint_url)
    given.start()
    assert given.endpoint_url == aws.endpoint_url
    assert given.provision() == aws.provision()
    given.stop()
    assert list(tmp_path.iterdir()) == []


def test_a_developers_profile_is_never_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "credentials").write_text("[work]\naws_access_key_id=AKIAREAL\naws_secret_access_key=real\n")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_PROFILE", "work")
    credentials = local_session().get_credentials()
    assert credentials is not None
    assert credentials.access_key == "local"
    assert aws_environment("http://127.0.0.1:1")["AWS_SHARED_CREDENTIALS_FILE"] == "/dev/null"
