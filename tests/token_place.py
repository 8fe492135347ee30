"""A place where the service takes a token, with a genuine one and the way to show it."""

import json
from base64 import urlsafe_b64decode
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from chalicelib.domain.providers import GOOGLE, OidcProvider
from tests.attacks import ATTACKERS, Signer
from tests.proofs import PhoneKey
from tests.world import Phone, Reply, World


def code_of(reply: Reply) -> str | None:
    """Return the code of an error, as most places tell one."""
    return reply.code


def is_success(reply: Reply) -> bool:
    """Tell whether something came of a token, as most places tell it."""
    return 200 <= reply.status < 300


def foreign() -> Signer:
    """Return who signs where no signature is asked for: whatever it makes, it is no token of ours."""
    claims = {"sub": "ana", "exp": 2**31, "iat": 1}
    header = {"alg": "ES256", "kid": "dev-1"}
    return Signer(algorithm="ES256", private=ATTACKERS["ES256"], header=header, claims=claims, time="exp")


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a token is taken. `codes` is what a wrong one is answered, `late` one whose time was long ago.

    A place without codes answers every token alike (R1), and `opened` tells whether anything came of it.
    """

    codes: frozenset[str] = frozenset()
    late: str | None = None
    by_intent: frozenset[str] = frozenset()  # attacks that are none here
    kind: str  # of the genuine token; places of one kind take each other's tokens
    also: frozenset[str] = frozenset()  # kinds that are taken as well
    genuine: Callable[[], str]
    show: Callable[[str], Reply]
    told: Callable[[Reply], str | None] = code_of
    opened: Callable[[Reply], bool] = is_success
    signer: Callable[[], Signer] = foreign

    def opens(self, token: str) -> bool:
        """Show a token, and tell whether something came of it."""
        return self.opened(self.show(token))


def signed_in(world: World, name: str, provider: OidcProvider = GOOGLE, key: PhoneKey | None = None) -> Phone:
    """Return a phone of somebody who signed in."""
    phone = world.person(f"{name}@example.com", device=name, provider=provider, key=key)
    assert phone.sign_in().status == 200
    return phone


def parts(token: str) -> list[dict[str, Any]]:
    """Return the header and the claims of a token."""
    return [json.loads(urlsafe_b64decode(part + "==")) for part in token.split(".")[:2]]


def like(token: str, private: Any, time: str = "exp") -> Signer:  # noqa: ANN401 - any key of PyJWT's
    """Return who signs tokens like this one, with the genuine key."""
    header, claims = parts(token)
    return Signer(algorithm=header["alg"], private=private, header=header, claims=claims, time=time)


def own_key(world: World, token: str) -> Any:  # noqa: ANN401 - any key of PyJWT's
    """Return the key with which the service signed an access token."""
    return world.services.access._keyring.keys().token_keys[parts(token)[0]["kid"]].private
