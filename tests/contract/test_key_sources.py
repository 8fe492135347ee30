"""One contract for every source of Google's keys: the fake, Google over HTTP, and S3."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, Protocol, cast

import botocore.session
import pytest
from botocore.config import Config
from moto.server import ThreadedMotoServer

from chalicelib.clients.bounded_http import BoundedHttp
from chalicelib.clients.id_token_parser import parse_id_token
from chalicelib.clients.key_fetcher import KeyFetcher
from chalicelib.clients.provider_key_cache import LOAD_INTERVAL, STALE_MAX
from chalicelib.clients.provider_keys import KEY_SET_BYTES_MAX, ProviderKeySource
from chalicelib.clients.s3_keys import RECHECK, S3KeySource, publish
from chalicelib.domain.errors import DependencyUnavailable
from chalicelib.domain.providers import GOOGLE
from tests.fakes import START
from tests.google import FixedKeys, GoogleKey, KeyServer, claims, jwks, key_server, key_set

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

OLD, NEW = GoogleKey("key-1"), GoogleKey("key-2")
FRESH_FOR = timedelta(hours=6)
BUCKET, OBJECT = "provider-keys", "google.json"


class World(Protocol):
    """A source, and the hand of whoever feeds it."""

    @property
    def source(self) -> ProviderKeySource: ...
    def publish(self, *keys: GoogleKey) -> None: ...
    def poison(self) -> None: ...


class FakeWorld:
    def __init__(self) -> None:
        self.source = self._fixed = FixedKeys(None)

    def publish(self, *keys: GoogleKey) -> None:
        self._fixed.keys = key_set(START, *keys, fresh_for=FRESH_FOR)

    def poison(self) -> None:
        """Change nothing: a set that is given can't be poisoned."""


class HttpWorld:
    def __init__(self, server: KeyServer) -> None:
        self._server = server
        self._server.status = 503
        self._server.headers["Cache-Control"] = f"max-age={int(FRESH_FOR.total_seconds())}"
        self.source = KeyFetcher(url=server.url, http=BoundedHttp(), algorithms=GOOGLE.algorithms)

    def publish(self, *keys: GoogleKey) -> None:
        self._server.status, self._server.body = 200, jwks(*keys)

    def poison(self) -> None:
        self._server.body = b"<html>"


class S3World:
    def __init__(self, s3: "S3Client") -> None:
        self._s3 = s3
        s3.delete_object(Bucket=BUCKET, Key=OBJECT)
        self.source = self.cold_source()

    def cold_source(self) -> S3KeySource:
        return S3KeySource(s3=self._s3, bucket=BUCKET, key=OBJECT, algorithms=GOOGLE.algorithms)

    def publish(self, *keys: GoogleKey) -> None:
        key_set_now = key_set(START, *keys, fresh_for=FRESH_FOR)
        publish(s3=self._s3, bucket=BUCKET, key=OBJECT, key_set=key_set_now)

    def poison(self) -> None:
        self.write(b"<html>")

    def write(self, body: bytes) -> None:
        self._s3.put_object(Bucket=BUCKET, Key=OBJECT, Body=body)

    def written(self) -> dict[str, object]:
        body: dict[str, object] = json.loads(self._s3.get_object(Bucket=BUCKET, Key=OBJECT)["Body"].read())
        return body


def s3_client(endpoint: str) -> "S3Client":
    client = botocore.session.get_session().create_client(
        "s3",
        region_name="eu-central-1",
        endpoint_url=endpoint,
        aws_access_key_id="testing",
        aws_secret_access_key="testing",
        config=Config(retries={"total_max_attempts": 1}),
    )
    return cast("S3Client", client)


@pytest.fixture(scope="module")
def s3() -> Iterator["S3Client"]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    client = s3_client(f"http://{host}:{port}")
    client.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    yield client
    client.close()
    server.stop()


@pytest.fixture
def s3_world(s3: "S3Client") -> S3World:
    return S3World(s3)


@pytest.fixture(params=["fake", "http", "s3"])
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    match request.param:
        case "fake":
            yield FakeWorld()
        case "http":
            with key_server() as server:
                yield HttpWorld(server)
        case _:
            yield request.getfixturevalue("s3_world")


class TestEveryKeySource:
    def test_finds_the_key_that_verifies_a_token_of_its_kid(self, world: World) -> None:  # GG1
        world.publish(OLD, NEW)
        for key in (OLD, NEW):
            token = parse_id_token(key.sign(claims(START)))
            found = world.source.find(key.kid, START)
            assert found is not None
            assert found.verifier.verify(token.signing_input, token.signature)
            assert not found.verifier.verify(token.signing_input + b"x", token.signature)

    def test_has_no_key_for_a_kid_that_was_not_published(self, world: World) -> None:
        world.publish(OLD)
        for kid in (NEW.kid, "", "\x00", "x" * 8_000):
            assert world.source.find(kid, START) is None

    def test_tells_which_keys_it_has_and_until_when(self, world: World) -> None:
        world.publish(OLD, NEW)
        current = world.source.current(START)
        assert {kid: key.jwk for kid, key in current.keys.items()} == {k.kid: k.jwk() for k in (OLD, NEW)}
        assert (current.fetched_at, current.fresh_until) == (START, START + FRESH_FOR)

    def test_is_unavailable_while_nothing_was_published(self, world: World) -> None:  # F-13
        for ask in (world.source.current, lambda now: world.source.find(OLD.kid, now)):
            with pytest.raises(DependencyUnavailable) as refusal:
                ask(START)
            assert refusal.value.retry_after is not None

    def test_notices_a_rotation_within_the_stated_delay(self, world: World) -> None:  # F-14
        world.publish(OLD)
        assert world.source.find(OLD.kid, START)
        world.publish(OLD, NEW)
        assert world.source.find(NEW.kid, START + LOAD_INTERVAL)

    def test_keeps_the_good_set_when_poison_comes(self, world: World) -> None:  # F-12, F-15
        world.publish(OLD)
        assert world.source.find(OLD.kid, START)
        world.poison()
        assert world.source.find(OLD.kid, START + FRESH_FOR + STALE_MAX / 2)


def test_a_published_set_holds_only_what_was_checked(s3_world: S3World) -> None:
    s3_world.publish(OLD)
    assert s3_world.written() == {
        "version": 1,
        "fetched_at": START.isoformat(),
        "fresh_until": (START + FRESH_FOR).isoformat(),
        "keys": [OLD.jwk()],
    }


def test_a_key_withdrawn_in_s3_is_gone_after_the_recheck(s3_world: S3World) -> None:
    s3_world.publish(OLD)
    assert s3_world.source.find(OLD.kid, START)
    s3_world.publish(NEW)
    assert s3_world.source.find(OLD.kid, START + RECHECK - timedelta(seconds=1))
    assert s3_world.source.find(OLD.kid, START + RECHECK) is None


def test_a_set_in_s3_that_nobody_renewed_is_used_to_the_staleness_limit(s3_world: S3World) -> None:  # F-12
    s3_world.publish(OLD)
    end = START + FRESH_FOR + STALE_MAX
    assert s3_world.source.find(OLD.kid, end - timedelta(seconds=1))
    for source in (s3_world.source, s3_world.cold_source()):
        with pytest.raises(DependencyUnavailable):
            source.find(OLD.kid, end)


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("version", 2),
        ("version", None),
        ("keys", []),
        ("keys", [OLD.jwk() | {"kty": "oct"}]),
        ("keys", [OLD.jwk(), OLD.jwk()]),
        ("fetched_at", None),
        ("fresh_until", "tomorrow"),
        ("fresh_until", "2026-01-02T03:04:05"),
        ("fresh_until", "0001-01-01T00:00:00+23:59"),
        ("padding", "x" * KEY_SET_BYTES_MAX * 2),
    ],
)
def test_an_object_that_is_not_our_envelope_is_refused(
    s3_world: S3World, member: str, value: object
) -> None:  # F-15
    s3_world.publish(OLD)
    s3_world.write(json.dumps(s3_world.written() | {member: value}).encode())
    with pytest.raises(DependencyUnavailable):
        s3_world.source.find(OLD.kid, START)


def test_an_s3_that_does_not_answer_is_unavailable() -> None:  # F-13
    nobody = s3_client("http://127.0.0.1:1")
    with pytest.raises(DependencyUnavailable):
        S3KeySource(s3=nobody, bucket=BUCKET, key=OBJECT, algorithms=GOOGLE.algorithms).current(START)
    nobody.close()
