"""A person's own account: what they may see of it; what an operator may do to it."""

from uuid import UUID

from chalicelib.domain.account import Account
from chalicelib.domain.errors import NotFound
from chalicelib.domain.sessions import own_session
from chalicelib.domain.tokens import AccessClaims
from chalicelib.services.personal_data import PersonalData
from chalicelib.services.ports import Act, Clock
from chalicelib.services.store_ports import AccountStore, SessionStore


class AccountService:
    """Accounts."""

    def __init__(
        self, *, sessions: SessionStore, accounts: AccountStore, personal_data: PersonalData, clock: Clock
    ) -> None:
        """Take what reads and changes people."""
        self._sessions = sessions
        self._accounts = accounts
        self._personal_data = personal_data
        self._clock = clock

    def read(self, claims: AccessClaims, act: Act) -> Account:
        """Return the profile, decrypted. Raises SessionRevoked, AccountSuspended."""
        now = self._clock.now()
        own = self._sessions.find(claims.session_id, locale=act.locale, now=now)
        return self._personal_data.account(own_session(claims, own, now).person)

    def suspend(self, user_id: UUID, act: Act) -> None:
        """Suspend an active person: every session ends now, no token is issued. Raises NotFound."""
        if not self._accounts.suspend(user_id, now=self._clock.now(), request_id=act.request_id):
            raise NotFound

    def reinstate(self, user_id: UUID, act: Act) -> None:
        """Let a suspended person sign in again. Raises NotFound."""
        if not self._accounts.reinstate(user_id, now=self._clock.now(), request_id=act.request_id):
            raise NotFound
