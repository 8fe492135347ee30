"""A world with an egress table of its own, and both sides of it in the test's hands."""

import secrets
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from chalicelib.assembly.errands import ErrandParts
from chalicelib.assembly.keys import people_keys
from chalicelib.clients.aws import aws_client
from chalicelib.domain.egress import EgressKind
from chalicelib.functions.egress import grants_of
from local.aws import ensure_egress_table
from tests.world import World


class Outside:
    """What happens outside the VPC, when a test lets it."""

    def __init__(self, world: World, table: str | None = None) -> None:
        self.world = world
        name = table or f"egress-{secrets.token_hex(6)}"
        self.dynamodb = aws_client("dynamodb", world.settings.aws_region, world.settings.aws_endpoint_url)
        ensure_egress_table(self.dynamodb, name)
        world.settings = replace(world.settings, egress_table=name)
        world.services = world.container()
        self.parts = ErrandParts(settings=world.settings, clock=world.clock)
        self.keys = people_keys(world.settings, world.clock)

    def give_key(self) -> None:
        """Let us be known at Apple."""
        pem = generate_private_key(SECP256R1()).private_bytes(
            Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
        )
        self.parts.client_keys.put(team_id="TEAM", key_id="KEY", private_pem=pem.decode())

    def items(self) -> dict[str, dict[str, Any]]:
        """Return every errand, by id."""
        found = self.dynamodb.scan(TableName=self.world.settings.egress_table)["Items"]
        return {item["id"]["S"]: dict(item) for item in found if "kind" in item}

    def ids(self, kind: EgressKind) -> list[str]:
        """Return the errands of a kind."""
        return [name for name, item in self.items().items() if item["kind"]["S"] == kind.value]

    def states(self, kind: EgressKind) -> list[str]:
        """Return how far they are."""
        return [item["state"]["S"] for item in self.items().values() if item["kind"]["S"] == kind.value]

    def deliver(self) -> dict[str, int]:
        """Do everything once, as the stream has it done."""
        return self.parts.delivery.deliver(list(self.items())).states

    def sweep(self, later: timedelta = timedelta()) -> dict[str, int]:
        """Do what is due after some time."""
        self.world.clock.advance(later)
        return self.parts.delivery.sweep().states

    def collect(self) -> int:
        """Apply what came back."""
        self.world.clock.advance(timedelta(seconds=1))
        grants = grants_of(self.world.settings, self.world.jobs, self.world.clock)
        return self.parts.collection(self.world.jobs, grants, "test").run().applied

    def end_left_behind(self) -> int:
        """Hand over what interrupted acts left."""
        grants = grants_of(self.world.settings, self.world.jobs, self.world.clock)
        return grants.end_left_behind()

    def sealed_tokens(self) -> dict[UUID, bytes]:
        """Return what stands in identities."""
        found = self.world.rows("SELECT id, refresh_token FROM identities WHERE refresh_token IS NOT NULL")
        return {UUID(str(each)): bytes(token) for each, token in found}
