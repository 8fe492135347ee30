"""The composition root: with `assembly`, all that names concrete classes. All is made once, at first use."""

import logging
import sys
from functools import cache, lru_cache
from typing import TYPE_CHECKING

from chalicelib import settings as environment
from chalicelib.assembly.biometrics import BiometricParts
from chalicelib.assembly.database import connect_as
from chalicelib.assembly.egress import EgressParts
from chalicelib.assembly.erasure import ErasureParts
from chalicelib.assembly.keys import people_keys, provider_keys, service_keyring
from chalicelib.assembly.limits import limits
from chalicelib.assembly.oauth import oauth
from chalicelib.assembly.proofs import proofs
from chalicelib.assembly.providers import admission, identities, notices
from chalicelib.assembly.readiness import readiness
from chalicelib.clients.access_tokens import AccessTokenCodec
from chalicelib.clients.blind_index import BlindIndex
from chalicelib.clients.clock import SystemClock, SystemIds
from chalicelib.clients.jwt_keys import TokenKey
from chalicelib.clients.session_seal import session_key
from chalicelib.observation import log
from chalicelib.routes.services import Services
from chalicelib.services.account import AccountService
from chalicelib.services.consents import ConsentService
from chalicelib.services.export import ExportService
from chalicelib.services.grants import Grants
from chalicelib.services.notices import NoticeService
from chalicelib.services.personal_data import PersonalData
from chalicelib.services.ports import Clock
from chalicelib.services.refusals import Refusals
from chalicelib.services.secrets import Secrets
from chalicelib.services.session_check import SessionCheck
from chalicelib.services.session_copy import SessionCopies
from chalicelib.services.sessions import SessionService
from chalicelib.services.sign_in import SignInService
from chalicelib.services.tokens import AccessTokens
from chalicelib.settings import Settings
from chalicelib.stores.account import AccountStore
from chalicelib.stores.audit_refusals import RefusalStore
from chalicelib.stores.consents import ConsentStore
from chalicelib.stores.database import Database
from chalicelib.stores.documents import DocumentStore
from chalicelib.stores.export import ExportStore
from chalicelib.stores.sessions import SessionStore
from chalicelib.stores.sign_in import SignInStore

if TYPE_CHECKING:
    from chalicelib.services.operators import OperatorService
    from chalicelib.services.recovery import Recovery


@cache
def services() -> Services:
    """Return this container's services, made of its environment. Raises InvalidSettings."""
    log.install(sys.stdout)  # settings that are refused are told too
    log.install(sys.stdout, settings().stage.value)
    return assemble(settings())


def prepare() -> None:
    """Make the services in Lambda's init phase, which has a full CPU whatever the function's memory.

    Only in the function behind the API: not where Chalice packages, in tests, or in a schedule's function.
    """
    if environment.serves_requests():
        services()


@cache
def settings() -> Settings:
    """Return the settings of this process's environment. Raises InvalidSettings."""
    try:
        return environment.from_environment()
    except environment.InvalidSettings as error:
        log.event("invalid_settings", logging.ERROR, settings=",".join(error.names))
        raise


def assemble(settings: Settings, *, clock: Clock | None = None, database: Database | None = None) -> Services:
    """Return services of these settings; tests bring their own clock and database."""
    return _Assembly(settings, clock or SystemClock(), database or connect_as(settings)).services()


class _Assembly:
    """Makes the parts in the order of their needs."""

    def __init__(self, settings: Settings, clock: Clock, database: Database) -> None:
        self.settings = settings
        self.clock = clock
        self.ids = SystemIds()
        self.database = database
        self.keyring = service_keyring(settings, clock, database)
        self.provider_keys = provider_keys(settings)
        self.sessions = SessionStore(database)
        self.accounts = AccountStore(database)
        self.secrets = Secrets(keyring=self.keyring, make_index=lru_cache(BlindIndex))
        self.tokens = self._tokens()
        self.proofs = proofs(settings, self.secrets, clock)
        self.admission = admission(settings.providers, self.provider_keys)
        self.grants = Grants(
            tokens=self.tokens, secrets=self.secrets, lifetimes=settings.lifetimes, clock=clock
        )
        self.limits = limits(settings, database, self.secrets, clock)
        self.session_check = SessionCheck(store=self.sessions, limits=self.limits)
        self.data_keys = people_keys(settings, clock)
        self.personal_data = self._personal_data()
        self.egress = EgressParts(settings=settings, clock=clock)
        self.provider_grants = self.egress.provider_grants(database, self.data_keys)
        self.biometrics = BiometricParts(
            settings=settings,
            database=database,
            secrets=self.secrets,
            personal_data=self.personal_data,
            grants=self.grants,
            session_check=self.session_check,
            clock=clock,
        )
        self.erasure = self._erasure()

    def services(self) -> Services:
        return Services(
            issuer_url=self.settings.issuer_url,
            cors_origins=self.settings.cors_origins,
            signing_algorithm=self.settings.signing_algorithm,
            controller=self.settings.controller,
            clock=self.clock,
            access=self.tokens,
            limits=self.limits,
            proofs=self.proofs,
            sign_in=self._sign_in(),
            sessions=self._session_service(),
            account=self._account(),
            identities=identities(
                self.database,
                self.admission,
                self.secrets,
                self.personal_data,
                self.clock,
                self.provider_grants,
                self.session_check,
            ),
            biometrics=self.biometrics.registrations,
            presence=self.biometrics.presence,
            exports=ExportService(
                store=ExportStore(self.database), keys=self.data_keys, limits=self.limits, clock=self.clock
            ),
            notices=self._notices(),
            oauth=oauth(self._session_service(), self.sessions, self.tokens, self.clock),
            consents=self._consents(),
            erasures=self.erasure.erasures,
            readiness=readiness(
                self.settings, self.database, self.keyring, self.provider_keys, self.erasure.watch, self.clock
            ),
            gate=self.erasure.gate,
            refusals=Refusals(store=RefusalStore(self.database), clock=self.clock),
            make_recovery=cache(self._recovery),
            make_operators=cache(self._operators),
        )

    def _notices(self) -> NoticeService:
        return notices(self.database, self.settings.providers, self.provider_keys, self.secrets, self.clock)

    def _recovery(self) -> "Recovery":
        from chalicelib.assembly.recovery import recovery  # noqa: PLC0415 - no request needs it

        return recovery(self.settings, self.database, self.erasure, self.tokens, self.clock)

    def _operators(self) -> "OperatorService":
        from chalicelib.assembly.operators import operators  # noqa: PLC0415 - no request needs it

        return operators(self.database, self.secrets, self.data_keys, self.clock)

    def _erasure(self) -> ErasureParts:
        return ErasureParts(
            settings=self.settings,
            database=self.database,
            keys=self.data_keys,
            tokens=self.tokens,
            clock=self.clock,
            secrets=self.secrets,
            provider_grants=self.provider_grants,
        )

    def _account(self) -> AccountService:
        return AccountService(accounts=self.accounts, personal_data=self.personal_data, clock=self.clock)

    def _session_service(self) -> SessionService:
        return SessionService(
            store=self.sessions,
            secrets=self.secrets,
            tokens=self.tokens,
            proofs=self.proofs,
            personal_data=self.personal_data,
            grants=self.grants,
            limits=self.limits,
            lifetimes=self.settings.lifetimes,
            clock=self.clock,
        )

    def _consents(self) -> ConsentService:
        return ConsentService(
            documents=DocumentStore(self.database),
            consents=ConsentStore(self.database),
            tokens=self.tokens,
            lifetimes=self.settings.lifetimes,
            controller=self.settings.controller,
            clock=self.clock,
            ids=self.ids,
        )

    def _sign_in(self) -> SignInService:
        return SignInService(
            store=SignInStore(self.database),
            admission=self.admission,
            secrets=self.secrets,
            personal_data=self.personal_data,
            grants=self.grants,
            limits=self.limits,
            clock=self.clock,
            ids=self.ids,
            provider_grants=self.provider_grants,
        )

    def _tokens(self) -> AccessTokens[TokenKey]:
        return AccessTokens(
            keyring=self.keyring,
            codec=AccessTokenCodec(issuer=self.settings.issuer_url, audience=self.settings.audience),
            algorithm=self.settings.signing_algorithm,
            lifetimes=self.settings.lifetimes,
            clock=self.clock,
            ids=self.ids,
        )

    def _personal_data(self) -> PersonalData:
        return PersonalData(
            keys=self.data_keys,
            copies=SessionCopies(session_key),
            store=self.accounts,
            ids=self.ids,
        )
