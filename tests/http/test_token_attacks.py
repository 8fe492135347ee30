"""Every attack of the corpus at every place that takes a token: refused by its stable code, told to nobody.

Whatever was tried, the genuine token works afterwards: nothing was used up, ended or locked by the attacker.
"""

import io
from collections.abc import Mapping
from dataclasses import replace

import pytest

from tests.attacks import FORGED, LATE, SPOILED
from tests.token_places import PLACES, Place
from tests.world import World

# where a forger who has the genuine key can make tokens anew
SIGNED = [
    name for name in PLACES if name not in {"a refresh token", "a sign-in nonce", "a presence challenge"}
]
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
    answers = {attack: place.show(token) for attack, token in tokens.items()}
    codes = {attack: {place.code, place.late if attack == LATE else None} | OF_THE_BODY for attack in tokens}
    return {
        attack: (reply.status, reply.code)
        for attack, reply in answers.items()
        if reply.code not in codes[attack] or not 400 <= reply.status < 500
    }


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
    assert place.show(place.genuine()).status == 200


@every_place
def test_no_other_spelling_of_a_genuine_token_passes(unlimited: World, name: str, lines: io.StringIO) -> None:
    place = PLACES[name](unlimited)
    before = unlimited.stored()
    tokens = {attack: spoil(place.genuine()) for attack, spoil in SPOILED.items()}
    assert let_through(place, tokens) == {}
    assert unlimited.stored() == before
    assert logged(lines, tokens) == []
    assert place.show(place.genuine()).status == 200


@every_place
def test_no_token_of_another_kind_passes(unlimited: World, name: str) -> None:  # J4
    everywhere = {each: make(unlimited) for each, make in PLACES.items()}
    place = everywhere.pop(name)
    tokens = {
        other: each.genuine()
        for other, each in everywhere.items()
        if each.kind is None or each.kind != place.kind
    }
    assert let_through(place, tokens) == {}
    assert place.show(place.genuine()).status == 200


@pytest.mark.parametrize("name", SIGNED)
def test_the_forger_knows_the_trade(unlimited: World, name: str) -> None:
    place = PLACES[name](unlimited)
    assert place.show(place.signer().token()).status == 200  # so that each refusal is of what was changed
