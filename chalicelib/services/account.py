"""A person's own account: what they see of it, and what they choose."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

from chalicelib.domain.account import Account
from chalicelib.domain.errors import DependencyUnavailable
from chalicelib.domain.sessions import own_person
from chalicelib.domain.tokens import AccessClaims
from chalicelib.services.personal_data import PersonalData
from chalicelib.services.ports import Act, Clock
from chalicelib.services.store_ports import AccountStore

BUSY = timedelta(seconds=1)
ROUNDS_MAX = 3  # of two devices that change something at once, one goes again


class AccountService:
    """Accounts."""

    def __init__(self, *, accounts: AccountStore, personal_data: PersonalData, clock: Clock) -> None:
        """Take what reads and changes people."""
        self._accounts = accounts
        self._personal_data = personal_data
        self._clock = clock

    def read(self, claims: AccessClaims) -> Account:
        """Return the profile, decrypted. Raises SessionRevoked, AccountSuspended."""
        now = self._clock.now()
        found = self._accounts.read(claims.session_id, proof=claims.proof, now=now)
        return self._personal_data.account(own_person(claims, found, now))

    def change(self, claims: AccessClaims, changes: Mapping[str, str | None], act: Act) -> Account:
        """Return the account with what its person chose now; a field that is not among them stays.

        What was chosen before must be opened to be changed, so this is two calls of the database. Two devices
        at once each change their own fields: who comes second finds what the first wrote, and goes again.

        Raises:
            SessionRevoked, AccountSuspended: the person may not act.
            DependencyUnavailable: somebody else was faster every time.
        """
        now = self._clock.now()
        found = self._accounts.read(claims.session_id, proof=claims.proof, now=now)
        for _ in range(ROUNDS_MAX):
            person = own_person(claims, found, now)
            account = self._personal_data.account(person)
            after = account.chosen.changed(changes)
            if after == account.chosen:
                return account
            data = self._personal_data.seal_chosen(person, account.chosen, after)
            is_chosen, found = self._accounts.choose(
                claims.session_id, data, now=now, request_id=act.request_id
            )
            if is_chosen:
                return replace(account, chosen=after)
        raise DependencyUnavailable(retry_after=BUSY)
