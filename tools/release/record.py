"""What one release was: enough to deploy it again, on any machine, by its id."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, Final, Self

KMS_USES: Final = ("KMS_KEY", "SIGNING_KMS_KEY")  # as the settings begin


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """A package by its hash, and the configuration that it was deployed with."""

    stage: str
    package_sha256: str
    commit: str
    revision: str  # the newest migration in it
    config: dict[str, Any]
    policies: dict[str, str]  # by path below .chalice/
    python: str = ""  # Lambda's runtime; a release that was kept before this was recorded has none

    @property
    def architecture(self) -> str:
        """The machine that it was packed for."""
        stage = self.config["stages"][self.stage]
        return str(stage.get("lambda_architecture", self.config["lambda_architecture"]))

    def kms_keys(self) -> Iterator[tuple[str, str, tuple[str, ...]]]:
        """Yield each use of a KMS key with the key that wraps, and all that the release can open."""
        told = self.config["stages"][self.stage].get("environment_variables", {})
        for use in KMS_USES:
            wraps = told.get(f"{use}_ID", "")
            yield use, wraps, tuple(told.get(f"{use}_HISTORY", wraps).split(","))

    def policy_of(self, function: str) -> str:
        """Return the policy of one function, by Chalice's name of it."""
        return self.policies[f"policies/{self.stage}/{function}.json"]

    @property
    def id(self) -> str:
        """What names it: the hash of all of it."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()

    @property
    def name(self) -> str:
        """The id, short enough for people."""
        return self.id[:12]

    def to_json(self) -> str:
        """Return what is kept."""
        told = asdict(self)
        if not self.python:
            del told["python"]  # an old release keeps its id
        return json.dumps(told, sort_keys=True)

    @classmethod
    def of_json(cls, text: str | bytes) -> Self:
        """Return what was kept."""
        return cls(**json.loads(text))


@dataclass(frozen=True, slots=True, kw_only=True)
class Leftovers:
    """What AWS keeps for a while of a stage that was destroyed: `make destroy` looks after it."""

    buckets: tuple[str, ...] = ()  # with evidence under lock
    keys: tuple[str, ...] = ()  # scheduled for deletion

    def to_json(self) -> str:
        """Return what is kept."""
        return json.dumps(asdict(self))

    @classmethod
    def of_json(cls, text: str | bytes) -> Self:
        """Return what was kept."""
        return cls(**{name: tuple(listed) for name, listed in json.loads(text).items()})


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """What a stage's releases left: those that were completed, and what Chalice deployed last."""

    done: tuple[str, ...] = ()  # ids, the newest last
    is_prepared: bool = False  # the database has its owner's role
    is_asleep: bool = False  # `make sleep` stopped what is paid by the hour
    deployed: dict[str, Any] | None = None  # Chalice's own record of its resources

    def to_json(self) -> str:
        """Return what is kept."""
        return json.dumps(asdict(self))

    @classmethod
    def of_json(cls, text: str | bytes) -> Self:
        """Return what was kept."""
        told = json.loads(text)
        return cls(**{**told, "done": tuple(told["done"])})
