"""The console of `make run`: a short line a request, with the check that refused; a deployed log has none."""

import io
import json
import logging
import re
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest

from chalicelib.domain.providers import APPLE
from chalicelib.observation import log
from local import console, dev_google
from local.places import StackError
from local.preflight import read_choices
from tests.offering import offer
from tests.world import Phone, Reply, World

LINE = re.compile(r"\d\d:\d\d:\d\d POST   /auth/google +(\d{3})(?: ([a-z_]+))? (\d+) ms(?: - (.*))?\n")
Refused = Callable[[World, Phone], Reply]


@pytest.fixture
def printed() -> Iterator[io.StringIO]:
    """What the console shows while the test lasts."""
    stream = io.StringIO()
    root = logging.getLogger()
    before = (root.handlers[:], root.level, log.logger.level)
    console.install(stream, as_json=False)
    yield stream
    root.handlers[:], root.level = before[0], before[1]
    log.logger.setLevel(before[2])


def signed(world: World, phone: Phone, **claims: object) -> Reply:
    return phone.sign_in(phone.id_token(**claims))


def nonce_of(world: World) -> str:
    return str(world.call("POST", "/auth/challenge").body["nonce"])


def with_nonce(world: World, phone: Phone, client: str, claim: str | None) -> Reply:
    device = {"id": "1", "platform": "android" if client == dev_google.ANDROID_CLIENT else "ios"}
    return phone.sign_in(phone.id_token(audience=client, nonce=claim), nonce=nonce_of(world), device=device)


def with_header(world: World, phone: Phone, **headers: object) -> Reply:
    claims = {"sub": "1", "aud": dev_google.AUDIENCE, "iss": dev_google.ISSUER}
    return phone.sign_in(world.google.sign(claims, headers))


def hosted(world: World, phone: Phone) -> Reply:
    offer(world, phone.provider, hosted_domain="example.com")
    return phone.sign_in()


def used(world: World, phone: Phone) -> Reply:
    token = phone.id_token()
    assert phone.sign_in(token).status == 200
    return phone.sign_in(token, device={"id": "another", "platform": "ios"})


REFUSED: dict[str, Refused] = {
    "alg": lambda world, phone: phone.sign_in(
        world.apple.token(subject="1", email=phone.email, now=world.clock.now())
    ),
    "aud": lambda world, phone: signed(world, phone, audience="other"),
    "azp": lambda world, phone: signed(world, phone, azp="other"),
    "events": lambda world, phone: signed(world, phone, events={}),
    "exp": lambda world, phone: signed(world, phone, lifetime=timedelta(days=2)),
    "form": lambda _, phone: phone.sign_in("not.a.token"),
    "hd": hosted,
    "iat": lambda world, phone: signed(world, phone, now=world.clock.now() + timedelta(minutes=5)),
    "iss": lambda world, phone: signed(world, phone, iss=APPLE.issuer),
    "kid": lambda world, phone: with_header(world, phone, kid="another"),
    "nbf": lambda world, phone: signed(world, phone, nbf=int(world.clock.now().timestamp()) + 600),
    "nonce": lambda world, phone: signed(world, phone, nonce=7),
    "nonce_absent": lambda world, phone: with_nonce(world, phone, dev_google.IOS_CLIENT, None),
    "nonce_optional": lambda world, phone: with_nonce(world, phone, dev_google.AUDIENCE, "other"),
    "nonce_raw": lambda world, phone: with_nonce(world, phone, dev_google.IOS_CLIENT, "other"),
    "nonce_sha256": lambda world, phone: with_nonce(world, phone, dev_google.ANDROID_CLIENT, "other"),
    "platform": lambda world, phone: signed(world, phone, audience=dev_google.ANDROID_CLIENT),
    "signature": lambda _, phone: phone.sign_in(phone.id_token()[:-8] + "AAAAAAAA"),
    "sub": lambda world, phone: signed(world, phone, subject="a b"),
    "id_token_expired": lambda world, phone: signed(world, phone, now=world.clock.now() - timedelta(hours=2)),
    "id_token_used": used,
    "invalid_nonce": lambda _, phone: phone.sign_in(phone.id_token(nonce="made-up"), nonce="made-up"),
    "nonce_required": lambda world, phone: signed(world, phone, audience=dev_google.IOS_CLIENT),
}


def test_every_reason_is_tried() -> None:
    assert REFUSED.keys() == console.REASONS.keys()


@pytest.mark.parametrize("check", REFUSED)
def test_the_console_says_which_check_refused(world: World, printed: io.StringIO, check: str) -> None:
    reply = REFUSED[check](world, world.person())
    found = LINE.fullmatch(printed.getvalue().splitlines(keepends=True)[-1])
    assert found, printed.getvalue()
    status, code, _, reason = found.groups()
    assert (int(status), code) == (reply.status, reply.code)
    assert reason == console.REASONS[check]
    assert reason not in json.dumps(reply.body)


@pytest.mark.parametrize("check", ["platform", "signature", "kid", "nonce_raw"])
def test_neither_a_response_nor_a_deployed_log_says_it(world: World, lines: io.StringIO, check: str) -> None:
    reply = REFUSED[check](world, world.person())
    told = json.loads(lines.getvalue().splitlines()[-1])
    assert told["code"] == reply.code
    assert not told.keys() & {"check", "failure", "cause", "error", "at"}


def test_a_request_without_a_fault_is_as_short_as_that(world: World, printed: io.StringIO) -> None:
    assert world.person().sign_in().status == 200
    line = printed.getvalue().splitlines(keepends=True)[-1]
    found = LINE.fullmatch(line)
    assert found, line
    assert found.groups()[:2] == ("200", None)
    assert found[4] is None


def test_what_breaks_is_placed_without_its_own_words(
    world: World, printed: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        message = "ana@example.com"
        raise ZeroDivisionError(message)

    monkeypatch.setattr(type(world.services.sign_in), "with_id_token", broken)
    world.person().sign_in()
    told = printed.getvalue()
    assert re.search(r"500 internal_error \d+ ms - ZeroDivisionError at test_console\.py:\d+\n", told)
    assert "ana@" not in told


def test_other_events_are_lines_too(printed: io.StringIO) -> None:
    log.event("schedule_ran", code="audit-seal")
    log.warn("keys_stale", provider="google")
    logging.getLogger("elsewhere").warning("secret %s", "ana@example.com")
    first, second, third = (line[9:] for line in printed.getvalue().splitlines())
    assert (first, second) == ("schedule_ran code=audit-seal", "warning: keys_stale provider=google")
    assert re.fullmatch(r"warning: elsewhere at test_console\.py:\d+", third)


def test_log_json_prints_what_a_deployed_function_logs(world: World, lines: io.StringIO) -> None:
    console.install(lines, as_json=True)
    world.person().sign_in()
    told = json.loads(lines.getvalue().splitlines()[-1])
    assert (told["event"], told["route"], told["stage"]) == ("request", "/auth/google", "local")


def test_the_form_is_chosen_by_log_and_another_word_is_refused() -> None:
    assert read_choices({"PORT": "1024", "LOG": "json"}).log_is_json
    assert not read_choices({"PORT": "1024"}).log_is_json
    with pytest.raises(StackError, match="LOG must be lines or json"):
        read_choices({"PORT": "1024", "LOG": "xml"})
