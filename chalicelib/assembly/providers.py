"""Put together what admits people whom providers vouch for, and what links their identities."""

from collections.abc import Mapping
from types import MappingProxyType

from chalicelib.clients.clock import SystemIds
from chalicelib.clients.id_token_verifier import IdTokenVerifier
from chalicelib.clients.notice_verifier import NoticeVerifier
from chalicelib.clients.provider_keys import ProviderKeySource
from chalicelib.clients.security_event_verifier import SecurityEventVerifier
from chalicelib.domain.id_tokens import Provider
from chalicelib.domain.notices import NoticeForm
from chalicelib.domain.providers import OfferedProvider
from chalicelib.services.admission import Admission
from chalicelib.services.identities import IdentityService
from chalicelib.services.notices import NoticeService
from chalicelib.services.personal_data import PersonalData
from chalicelib.services.ports import Clock
from chalicelib.services.provider_grants import ProviderGrants
from chalicelib.services.secrets import Secrets
from chalicelib.services.session_check import SessionCheck
from chalicelib.stores.database import Database
from chalicelib.stores.identities import IdentityStore
from chalicelib.stores.notices import NoticeStore

NOTICE_VERIFIERS: Mapping[NoticeForm, type[NoticeVerifier | SecurityEventVerifier]] = MappingProxyType(
    {NoticeForm.APPLE: NoticeVerifier, NoticeForm.SECURITY_EVENT: SecurityEventVerifier}
)


def admission(
    offered: Mapping[Provider, OfferedProvider],
    keys: Mapping[Provider, ProviderKeySource],
) -> Admission:
    """Return what verifies the ID tokens of every provider that is offered."""
    return Admission(
        verifiers={name: _verifier(each, keys[name]) for name, each in offered.items()},
        offered=offered,
    )


def identities(
    database: Database,
    admission: Admission,
    secrets: Secrets,
    personal_data: PersonalData,
    clock: Clock,
    grants: ProviderGrants,
    sessions: SessionCheck,
) -> IdentityService:
    """Return what links and unlinks."""
    return IdentityService(
        store=IdentityStore(database),
        sessions=sessions,
        admission=admission,
        secrets=secrets,
        personal_data=personal_data,
        clock=clock,
        ids=SystemIds(),
        provider_grants=grants,
    )


def notices(
    database: Database,
    offered: Mapping[Provider, OfferedProvider],
    keys: Mapping[Provider, ProviderKeySource],
    secrets: Secrets,
    clock: Clock,
) -> NoticeService:
    """Return what acts on the notices of providers that send such."""
    verifiers = {
        name: NOTICE_VERIFIERS[each.declared.notices](
            provider=each.declared, keys=keys[name], clients=each.clients
        )
        for name, each in offered.items()
        if each.declared.notices is not None
    }
    return NoticeService(verifiers=verifiers, store=NoticeStore(database), secrets=secrets, clock=clock)


def _verifier(offered: OfferedProvider, keys: ProviderKeySource) -> IdTokenVerifier:
    return IdTokenVerifier(
        provider=offered.declared,
        keys=keys,
        clients=offered.clients,
        hosted_domain=offered.hosted_domain,
    )
