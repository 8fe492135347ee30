"""Read what a deployment says of each sign-in provider; which there are, `domain/providers.py` declares."""

import json
from collections.abc import Callable, Collection, Mapping
from functools import partial
from typing import Any, Protocol
from urllib.parse import urlsplit

from chalicelib.domain.id_tokens import ClientPolicy, NonceForm, Platform, Provider
from chalicelib.domain.providers import OfferedProvider, OidcProvider


class Reader(Protocol):
    """Reads one variable, and keeps its fault."""

    def __call__(self, name: str, parse: Callable[[str], Any], default: object = ...) -> Any:  # noqa: ANN401 - a setting's own type
        """Return what was parsed, or the default, or None after noting a fault."""


def read_offered(
    read: Reader, providers: Collection[OidcProvider], *, web_url: Callable[[str], str], is_local: bool
) -> Mapping[Provider, OfferedProvider]:
    """Return the providers that have a setting; with none at all, the first is missed."""
    told = [each for each in providers if _is_told(read, each)] or list(providers)[:1]
    return {each.name: _offered(read, each, web_url=web_url, is_local=is_local) for each in told}


def variable(provider: OidcProvider, name: str) -> str:
    """Return the name of a provider's own variable."""
    return f"{provider.name.upper()}_{name}"


def _is_told(read: Reader, provider: OidcProvider) -> bool:
    return any(read(variable(provider, name), str, default=None) for name in ("CLIENTS", "KEYS_URL"))


def _offered(
    read: Reader, provider: OidcProvider, *, web_url: Callable[[str], str], is_local: bool
) -> OfferedProvider:
    clients = read(variable(provider, "CLIENTS"), partial(_clients, provider=provider))
    url = read(
        variable(provider, "KEYS_URL"), lambda text: _keys_url(text, provider, web_url, is_local=is_local)
    )
    has_domains = provider.has_hosted_domains
    domain = read(variable(provider, "HOSTED_DOMAIN"), str, default=None) if has_domains else None
    return OfferedProvider(declared=provider, clients=clients, keys_url=url, hosted_domain=domain)


def _keys_url(text: str, provider: OidcProvider, web_url: Callable[[str], str], *, is_local: bool) -> str:
    url = urlsplit(text)
    if is_local:
        return text if url.scheme == "s3" else web_url(text)
    if text != provider.keys_url and not (url.scheme == "s3" and url.hostname and len(url.path) > 1):
        message = f"is s3://bucket/key, or {provider.keys_url}"
        raise ValueError(message)
    return text


def _clients(text: str, provider: OidcProvider) -> Mapping[str, ClientPolicy]:
    entries = json.loads(text)
    if not isinstance(entries, list) or not entries:
        raise ValueError("is a JSON list of at least one client")
    policies = [_client(entry, provider.nonces) for entry in entries]
    if len({policy.client_id for policy in policies}) != len(policies):
        raise ValueError("names a client_id twice")
    return {policy.client_id: policy for policy in policies}


def _client(entry: object, nonces: Collection[NonceForm]) -> ClientPolicy:
    forms = "|".join(form for form in NonceForm if form in nonces)
    shape = f'has entries {{"client_id": "...", "platforms": ["ios", ...], "nonce": "{forms}"}}'
    if not isinstance(entry, dict) or entry.keys() != {"client_id", "platforms", "nonce"}:
        raise ValueError(shape)
    client_id, platforms = entry["client_id"], entry["platforms"]
    if not isinstance(client_id, str) or not client_id or not isinstance(platforms, list) or not platforms:
        raise ValueError(shape)
    if entry["nonce"] not in list(nonces):
        raise ValueError(shape)
    try:
        return ClientPolicy(
            client_id=client_id,
            platforms=frozenset(Platform(name) for name in platforms),
            nonce=NonceForm(entry["nonce"]),
        )
    except ValueError as error:
        raise ValueError(shape) from error
