"""What Terraform made, as the release needs it."""

import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from tools.policies import Place
from tools.release.fault import ReleaseFault
from tools.terraform import INFRA, run


@dataclass(frozen=True, slots=True, kw_only=True)
class Outputs:
    """The outputs of infra/ for one stage."""

    stage: str
    values: Mapping[str, Any]

    @classmethod
    def read(cls, stage: str, aws: Mapping[str, str]) -> Self:
        """Return what `terraform output` says. Raises: ReleaseFault before the first apply."""
        try:
            told = json.loads(run("output", "-json", folder=INFRA, outer=dict(aws)))
        except (subprocess.CalledProcessError, json.JSONDecodeError) as error:
            raise ReleaseFault(
                f"Terraform's outputs can't be read:\n{getattr(error, 'output', error)}"
            ) from error
        if not told:
            raise ReleaseFault("Terraform has no outputs for this stage: apply infra/ first")
        return cls(stage=stage, values={name: output["value"] for name, output in told.items()})

    @property
    def database(self) -> Mapping[str, Any]:
        """How PostgreSQL is reached, and as whom."""
        return dict(self.values["database"])

    def url(self, role: str, host: str) -> str:
        """Return a DATABASE_URL of a role at one of the database's two hosts."""
        place = self.database
        return f"postgresql://{place[role]}@{place[host]}:{place['port']}/{place['name']}"

    @property
    def place(self) -> Place:
        """Where policies hold, with the names that they use."""
        storage, database = self.values["storage"], self.database
        _, _, _, region, account, _ = self.values["kms_key_id"].split(":", 5)
        return Place(
            stage=self.stage,
            region=region,
            account=account,
            arns={
                "personal-key": tuple(self.values["kms_key_history"].split(",")),
                "signing-key": tuple(self.values["signing_kms_key_history"].split(",")),
                "storage-key": (storage["storage_key_arn"],),
                "app-login": (database["app_connect_arn"],),
                "owner-login": (database["owner_connect_arn"],),
                "evidence": (f"{storage['evidence_bucket_arn']}/*",),
                "evidence-bucket": (storage["evidence_bucket_arn"],),
                "provider-keys": (f"{storage['provider_keys_bucket_arn']}/*",),
                "vault": (storage["vault_table_arn"],),
                "egress": (storage["egress_table_arn"],),
                "egress-queue": (f"{storage['egress_table_arn']}/index/queue",),
                "event-buses": (f"arn:aws:events:{region}:{account}:event-bus/*",),  # operators choose
                "egress-stream": (storage["egress_stream_arn"],),
                "egress-dead-letters": (storage["egress_dead_letters_arn"],),
            },
        )
