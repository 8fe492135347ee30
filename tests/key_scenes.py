"""A world with a vault of its own, so that its keys can be counted, re-wrapped and swept."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from chalicelib.assembly.key_life import KeyLifeParts
from chalicelib.clients.aws import aws_client
from chalicelib.clients.key_vault import USER_ID
from chalicelib.services.rewrap import Rewrap
from chalicelib.services.vault_sweep import VaultSweep
from tests.world import Phone, World

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_kms import KMSClient

DAY = timedelta(days=1)
REQUEST_ID = "test"


class KeyScene:
    """The people of a world, their vault, and the KMS keys of its settings."""

    def __init__(self, world: World) -> None:
        self.world = world
        table = f"vault-{uuid4()}"
        self.dynamodb.create_table(
            TableName=table,
            KeySchema=[{"AttributeName": USER_ID, "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": USER_ID, "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        self.configure(vault_table=table)

    @property
    def dynamodb(self) -> "DynamoDBClient":
        return aws_client("dynamodb", self.world.settings.aws_region, self.world.settings.aws_endpoint_url)

    @property
    def kms(self) -> "KMSClient":
        return aws_client("kms", self.world.settings.aws_region, self.world.settings.aws_endpoint_url)

    @property
    def parts(self) -> KeyLifeParts:
        return KeyLifeParts(settings=self.world.settings, database=self.world.jobs, clock=self.world.clock)

    def configure(self, **settings: Any) -> None:  # noqa: ANN401 - settings of any kind
        """Let the world run with other settings from now on, in a new container."""
        self.world.settings = replace(self.world.settings, **settings)
        self.world.services = self.world.container()

    def change_kms_key(self) -> str:
        """Do what operators do: a new key, known to every container, wraps from now on."""
        new = self.kms.create_key()["KeyMetadata"]["KeyId"]
        self.configure(kms_key_id=new, kms_key_history=(*self.world.settings.kms_key_history, new))
        return new

    def people(self, count: int) -> list[Phone]:
        """Return people who signed up."""
        phones = [self.world.person(f"person-{number}@example.com") for number in range(count)]
        for phone in phones:
            assert phone.sign_in().status == 200
        return phones

    def orphan(self) -> UUID:
        """Leave the key of a sign-up that died."""
        user_id = uuid4()
        self.world.services.exports._keys.create(user_id)  # as a sign-up does
        return user_id

    def items(self) -> dict[str, Mapping[str, Any]]:
        """Return the vault by person."""
        table = self.world.settings.vault_table
        return {item[USER_ID]["S"]: item for item in self.dynamodb.scan(TableName=table)["Items"]}

    def wrapped_by(self) -> set[str | None]:
        """Return which KMS keys the vault names."""
        return {item.get("kms_key_id", {}).get("S") for item in self.items().values()}

    def rewrap(self, page_items: int = 100, pages_max: int = 10, vault: Any = None) -> Rewrap:  # noqa: ANN401 - any stand-in
        """Return what re-wraps, in pages of this size."""
        made = self.parts.rewrap
        return Rewrap(
            vault=vault or self.parts.vault,
            kms=made._kms,
            own=made._own,
            acts=made._acts,
            clock=self.world.clock,
            page_items=page_items,
            pages_max=pages_max,
        )

    def sweep(self, page_items: int = 100, pages_max: int = 10) -> VaultSweep:
        """Return what sweeps, in pages of this size."""
        made = self.parts.sweep
        return VaultSweep(
            vault=self.parts.vault,
            acts=made._acts,
            watch=made._watch,
            clock=self.world.clock,
            page_items=page_items,
            pages_max=pages_max,
        )
