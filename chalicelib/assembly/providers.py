"""Put together what admits people whom providers vouch for."""

from collections.abc import Mapping

from chalicelib.clients.id_token_verifier import IdTokenVerifier
from chalicelib.clients.provider_keys import ProviderKeySource
from chalicelib.domain.id_tokens import Provider
from chalicelib.domain.providers import OfferedProvider
from chalicelib.services.admission import Admission


def admission(
    offered: Mapping[Provider, OfferedProvider], keys: Mapping[Provider, ProviderKeySource]
) -> Admission:
    """Return what verifies the ID tokens of every provider that is offered."""
    return Admission(
        verifiers={name: _verifier(each, keys[name]) for name, each in offered.items()}, offered=offered
    )


def _verifier(offered: OfferedProvider, keys: ProviderKeySource) -> IdTokenVerifier:
    return IdTokenVerifier(
        provider=offered.declared,
        keys=keys,
        clients=offered.clients,
        hosted_domain=offered.hosted_domain,
    )
