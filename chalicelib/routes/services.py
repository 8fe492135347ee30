"""The services that the handlers call; the composition root makes one of these."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chalicelib.domain.keys import SigningAlgorithm
from chalicelib.domain.receipts import Controller
from chalicelib.routes.edge_ports import Clock
from chalicelib.services.account import AccountService
from chalicelib.services.biometrics import BiometricService
from chalicelib.services.consents import ConsentService
from chalicelib.services.erasure import ErasureService
from chalicelib.services.export import ExportService
from chalicelib.services.identities import IdentityService
from chalicelib.services.limits import Limits
from chalicelib.services.notices import NoticeService
from chalicelib.services.oauth import OAuthService
from chalicelib.services.presence import PresenceService
from chalicelib.services.proofs import Proofs
from chalicelib.services.readiness import Readiness
from chalicelib.services.refusals import Refusals
from chalicelib.services.restore_gate import RestoreGate
from chalicelib.services.sessions import SessionService
from chalicelib.services.sign_in import SignInService
from chalicelib.services.tokens import AccessTokens

if TYPE_CHECKING:
    from chalicelib.services.operators import OperatorService
    from chalicelib.services.recovery import Recovery


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """Everything that a request may need, made once a container; the rest is made at its first use."""

    issuer_url: str
    cors_origins: tuple[str, ...]
    signing_algorithm: SigningAlgorithm
    controller: Controller
    clock: Clock
    access: AccessTokens[Any]
    limits: Limits
    proofs: Proofs
    sign_in: SignInService
    sessions: SessionService
    account: AccountService
    identities: IdentityService
    notices: NoticeService
    oauth: OAuthService
    exports: ExportService
    biometrics: BiometricService
    presence: PresenceService
    consents: ConsentService
    erasures: ErasureService
    readiness: Readiness
    gate: RestoreGate
    refusals: Refusals
    make_recovery: Callable[[], "Recovery"]
    make_operators: Callable[[], "OperatorService"]
    make_ordered_erasures: Callable[[], ErasureService]

    @property
    def recovery(self) -> "Recovery":
        """Return what sweeps erasures, and restores."""
        return self.make_recovery()

    @property
    def operators(self) -> "OperatorService":
        """Return what operators do with people's accounts."""
        return self.make_operators()

    @property
    def ordered_erasures(self) -> ErasureService:
        """Return what erases people by an operator's order."""
        return self.make_ordered_erasures()
