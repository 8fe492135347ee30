"""What one release was: enough to deploy it again, on any machine, by its id."""

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import Any, Self


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """A package by its hash, and the configuration that it was deployed with."""

    stage: str
    package_sha256: str
    commit: str
    revision: str  # the newest migration in it
    config: dict[str, Any]
    policies: dict[str, str]  # by path below .chalice/

    @property
    def id(self) -> str:
        """What names it: the hash of all of it."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()

    @property
    def name(self) -> str:
        """The id, short enough for people."""
        return self.id[:12]

    def to_json(self) -> str:
        """Return what is kept."""
        return json.dumps(asdict(self), sort_keys=True)

    @classmethod
    def of_json(cls, text: str | bytes) -> Self:
        """Return what was kept."""
        return cls(**json.loads(text))


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """What a stage's releases left: those that were completed, and what Chalice deployed last."""

    done: tuple[str, ...] = ()  # ids, the newest last
    is_prepared: bool = False  # the database has its owner's role
    deployed: dict[str, Any] | None = None  # Chalice's own record of its resources

    def to_json(self) -> str:
        """Return what is kept."""
        return json.dumps(asdict(self))

    @classmethod
    def of_json(cls, text: str | bytes) -> Self:
        """Return what was kept."""
        told = json.loads(text)
        return cls(**{**told, "done": tuple(told["done"])})
