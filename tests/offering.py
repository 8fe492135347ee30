"""Change which sign-in providers a deployment offers, and how."""

from dataclasses import replace
from typing import Any

from chalicelib import wiring
from chalicelib.domain.id_tokens import NonceForm
from chalicelib.domain.providers import PROVIDERS, OidcProvider
from tests.world import World

# A sign-in may go without a nonce, where the development client says so.
WITHOUT_NONCE = tuple(each for each in PROVIDERS.values() if NonceForm.optional in each.nonces)


def offer(world: World, provider: OidcProvider, **changes: Any) -> None:  # noqa: ANN401 - fields of any kind
    """Let the world's service run with one provider's settings changed."""
    offered = dict(world.settings.providers)
    _run(world, offered | {provider.name: replace(offered[provider.name], **changes)})


def offer_only(world: World, provider: OidcProvider) -> None:
    """Let it run with one provider and no other."""
    _run(world, {provider.name: world.settings.providers[provider.name]})


def _run(world: World, offered: dict[Any, Any]) -> None:
    settings = replace(world.settings, providers=offered)
    world.services = wiring.assemble(settings, clock=world.clock, database=world.database)
