"""The development providers together: who vouches for people in the local stack, and nowhere else.

Google and Apple have one of their own each, with all that is particular to them; every other provider that is
declared has one that is made of its declaration.
"""

import json
from collections.abc import Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from chalicelib.domain.id_tokens import Provider
from chalicelib.domain.providers import APPLE, GOOGLE, PROVIDERS, OidcProvider
from local import dev_apple, dev_google, dev_oidc
from local.dev_apple import DevApple
from local.dev_google import DevGoogle
from local.dev_oidc import DevOidc

PARTICULAR = frozenset({GOOGLE.name, APPLE.name})


@dataclass(frozen=True, slots=True)
class DevProviders:
    """The development Google, the development Apple, and `others` by their names."""

    google: DevGoogle
    apple: DevApple
    others: Mapping[str, DevOidc] = field(default_factory=dict)

    @classmethod
    def within(cls, folder: Path, declared: Collection[OidcProvider] = tuple(PROVIDERS.values())) -> Self:
        """Return all that are declared, with their keys in folders of their own."""
        return cls(
            google=DevGoogle(folder / "dev-google"),
            apple=DevApple(folder / "dev-apple"),
            others={
                each.name: DevOidc(each, folder / f"dev-{each.name}")
                for each in declared
                if each.name not in PARTICULAR
            },
        )

    @contextmanager
    def serve(self) -> Iterator[Mapping[str, str]]:
        """Serve all while the context lasts; yields the settings by which the service finds them."""
        with ExitStack() as served:
            google_keys = served.enter_context(self.google.serve())
            apple = served.enter_context(self.apple.serve())
            others: dict[str, str] = {}
            for name, provider in self.others.items():
                others[f"{name.upper()}_KEYS_URL"] = served.enter_context(provider.serve())
                others[f"{name.upper()}_CLIENTS"] = json.dumps(provider.clients())
            yield settings(google_keys, f"{apple}/auth/keys") | others

    def subject(self, provider: str, email: str) -> str:
        """Return the subject that a provider always gives an e-mail address."""
        particular = {APPLE.name: dev_apple.subject_for, GOOGLE.name: dev_google.subject_for}
        return particular.get(Provider(provider), dev_oidc.subject_for)(email)

    def token(self, provider: str, *, subject: str, email: str, name: str, **claims: Any) -> str:  # noqa: ANN401 - claims of any kind
        """Return an ID token of a provider; `now` and what else its `token` takes come as `claims`."""
        told = {"subject": subject, "email": email, **claims}
        if provider == APPLE.name:
            return self.apple.token(**told)  # which never holds the name
        if provider == GOOGLE.name:
            return self.google.token(name=name, **told)
        return self.others[provider].token(name=name, **told)


def settings(google_keys: str, apple_keys: str) -> dict[str, str]:
    """Return the settings of a service that trusts the development Google and Apple, whose keys are there."""
    return {
        "GOOGLE_CLIENTS": json.dumps(dev_google.CLIENTS),
        "GOOGLE_KEYS_URL": google_keys,
        "APPLE_CLIENTS": json.dumps(dev_apple.CLIENTS),
        "APPLE_KEYS_URL": apple_keys,
        "APPLE_URL": apple_keys.removesuffix("/keys"),
    }
