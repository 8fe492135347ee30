"""A person's own account: what they see of it, and what they choose."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from chalicelib.domain.account import Account, StoredPerson
from chalicelib.domain.errors import DependencyUnavailable
from chalicelib.domain.sessions import own_session
from chalicelib.domain.tokens import AccessClaims
from chalicelib.services.personal_data import PersonalData
from chalicelib.services.ports import Act, Clock
from chalicelib.services.store_ports import AccountStore, SessionStore

BUSY = timedelta(seconds=1)
ROUNDS_MAX = 3  # of two devices that change something at once, one goes again


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
        return self._personal_data.account(self._person(claims, act, self._clock.now()))

    def change(self, claims: AccessClaims, changes: Mapping[str, str | None], act: Act) -> Account:
        """Return the account with what its person chose now; a field that is not among them stays.

        Two devices at once each change their own fields: who comes second reads again what the first wrote.

        Raises:
            SessionRevoked, AccountSuspended: the person may not act.
            DependencyUnavailable: somebody else was faster every time.
        """
        for _ in range(ROUNDS_MAX):
            now = self._clock.now()
            person = self._person(claims, act, now)
            account = self._personal_data.account(person)
            after = account.chosen.changed(changes)
            if after == account.chosen:
                return account
            data = self._personal_data.seal_chosen(person, account.chosen, after)
            if self._accounts.choose(claims.session_id, data, now=now, request_id=act.request_id):
                return replace(account, chosen=after)
        raise DependencyUnavailable(retry_after=BUSY)

    def _person(self, claims: AccessClaims, act: Act, now: datetime) -> StoredPerson:
        own = self._sessions.find(claims.session_id, locale=act.locale, now=now)
        return own_session(claims, own, now).person
