"""Every attack of the corpus at every place that takes a token: refused by its stable code, told to nobody.

Whatever was tried, the genuine token works afterwards: nothing was used up, ended or locked by the attacker.
"""

import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace

import pytest

from chalicelib.routes.all import ROUTES
from chalicelib.routes.route import Admission
from tests.attacks import FORGED, LATE, SPOILED
from tests.token_place import Place
from tests.token_places import EVERY_BEARER_ROUTE, PLACES
from tests.world import Reply, World

OPAQUE = {"refresh_token", "nonce", "challenge"}  # these, and receipts, nobody but us can make
# where a forger who has the genuine key can make tokens anew
SIGNED = [name for name in PLACES if name.split()[-1] not in OPAQUE and name != "read_erasure authorization"]
SOUNDS_LIKE_A_TOKEN = re.compile(r"token|nonce|challenge|payload|code|assertion|receipt|secret|jwt|proof")
NO_TOKENS = {
    "sign_in_with_apple authorization_code": "Apple's own; handed on to Apple, unread",
    "revoke_token token_type_hint": "a word that is ignored",
    "introspect_token token_type_hint": "the same",
}
OF_THE_BODY = {
    "body_too_large",
    "malformed_body",
    "invalid_input",
}  # refused before anybody looks at the token
WORTH_CHARS = 30  # a shorter part of a token opens nothing
every_place = pytest.mark.parametrize("name", PLACES)


@pytest.fixture
def unlimited(world: World) -> World:
    """The service without rate limits: it is the reading of tokens that must refuse."""
    world.settings = replace(world.settings, limits_are_lifted=True)
    world.services = world.container()
    return world


def let_through(place: Place, tokens: Mapping[str, str]) -> dict[str, tuple[int, str | None]]:
    """Return the attacks that weren't refused as they should."""
    return {
        attack: (reply.status, place.told(reply))
        for attack, token in tokens.items()
        if attack not in place.by_intent and not is_refused(place, attack, reply := place.show(token))
    }


def is_refused(place: Place, attack: str, reply: Reply) -> bool:
    if not place.codes:
        return reply.status < 500 and not place.opened(reply)
    codes = place.codes | OF_THE_BODY | ({place.late} if attack == LATE else set())
    return 400 <= reply.status < 500 and place.told(reply) in codes


def takers() -> Iterator[str]:
    """Yield where a request may hold a token, as the routes are declared."""
    for route in ROUTES:
        if route.access.admission is Admission.bearer:
            yield from (f"{EVERY_BEARER_ROUTE} authorization", f"{EVERY_BEARER_ROUTE} dpop")
        elif route.access.admission not in {Admission.anyone, Admission.aws_iam}:
            yield f"{route.operation_id} authorization"
        if route.takes_proof:
            yield f"{route.operation_id} dpop"
        told = {**(route.body.members if route.body else {}), **route.query, **route.parameters}
        yield from (f"{route.operation_id} {name}" for name in told if SOUNDS_LIKE_A_TOKEN.search(name))


def test_every_place_that_takes_a_token_is_attacked() -> None:
    assert set(takers()) - NO_TOKENS.keys() == PLACES.keys()
    assert set(takers()) >= NO_TOKENS.keys()


def logged(lines: io.StringIO, tokens: Mapping[str, str]) -> list[str]:
    """Return the attacks of which the log holds a part that could be worth something."""
    log = lines.getvalue()
    assert '"status": 4' in log or '"status":4' in log
    return [
        attack
        for attack, token in tokens.items()
        if any(part in log for part in token.split(".") if len(part) > WORTH_CHARS)
    ]


@every_place
def test_no_forgery_passes(unlimited: World, name: str, lines: io.StringIO) -> None:
    place = PLACES[name](unlimited)
    before = unlimited.stored()
    tokens = {attack: forge(place.signer()) for attack, forge in FORGED.items()}
    assert let_through(place, tokens) == {}
    assert unlimited.stored() == before
    assert logged(lines, tokens) == []
    assert place.opens(place.genuine())


@every_place
def test_no_other_spelling_of_a_genuine_token_passes(unlimited: World, name: str, lines: io.StringIO) -> None:
    place = PLACES[name](unlimited)
    before = unlimited.stored()
    tokens = {attack: spoil(place.genuine()) for attack, spoil in SPOILED.items()}
    assert let_through(place, tokens) == {}
    assert unlimited.stored() == before
    assert logged(lines, tokens) == []
    assert place.opens(place.genuine())


@every_place
def test_no_token_of_another_kind_passes(unlimited: World, name: str) -> None:  # J4
    everywhere = {each: make(unlimited) for each, make in PLACES.items()}
    place = everywhere.pop(name)
    tokens = {
        other: each.genuine()
        for other, each in everywhere.items()
        if each.kind != place.kind and each.kind not in place.also
    }
    assert let_through(place, tokens) == {}
    assert place.opens(place.genuine())


@pytest.mark.parametrize("name", SIGNED)
def test_the_forger_knows_the_trade(unlimited: World, name: str) -> None:
    place = PLACES[name](unlimited)
    assert place.opens(place.signer().token())  # so that each refusal is of what was changed
