"""The development providers together: who vouches for people in the local stack, and nowhere else."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from local import dev_apple, dev_google
from local.dev_apple import DevApple
from local.dev_google import DevGoogle


@dataclass(frozen=True, slots=True)
class DevProviders:
    """The development Google and the development Apple."""

    google: DevGoogle
    apple: DevApple

    @classmethod
    def within(cls, folder: Path) -> Self:
        """Return both, with their keys in folders of their own."""
        return cls(google=DevGoogle(folder / "dev-google"), apple=DevApple(folder / "dev-apple"))

    @contextmanager
    def serve(self) -> Iterator[Mapping[str, str]]:
        """Serve both while the context lasts; yields the settings by which the service finds them."""
        with self.google.serve() as google_keys, self.apple.serve() as apple:
            yield settings(google_keys, f"{apple}/auth/keys")


def settings(google_keys: str, apple_keys: str) -> dict[str, str]:
    """Return the settings of a service that trusts the development providers, whose keys are there."""
    return {
        "GOOGLE_CLIENTS": json.dumps(dev_google.CLIENTS),
        "GOOGLE_KEYS_URL": google_keys,
        "APPLE_CLIENTS": json.dumps(dev_apple.CLIENTS),
        "APPLE_KEYS_URL": apple_keys,
        "APPLE_URL": apple_keys.removesuffix("/keys"),
    }
