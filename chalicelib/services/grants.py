"""Put together what sign-in and refresh answer: both tokens, the person, the session, what is missing."""

from typing import Any

from chalicelib.domain.account import Account, StoredPerson
from chalicelib.domain.consents import ConsentState, missing, scopes
from chalicelib.domain.keys import ServiceKeyUse
from chalicelib.domain.sessions import Lifetimes, Session
from chalicelib.domain.sign_in import SignedIn
from chalicelib.domain.tokens import RefreshToken
from chalicelib.services.keyring import KeyRing
from chalicelib.services.ports import Clock
from chalicelib.services.session_copy import SessionCopy
from chalicelib.services.tokens import AccessTokens


class Grants:
    """Makes the one answer of sign-in and refresh."""

    def __init__(
        self, *, tokens: AccessTokens[Any], keyring: KeyRing[Any], lifetimes: Lifetimes, clock: Clock
    ) -> None:
        """Take what issues tokens."""
        self._tokens = tokens
        self._keyring = keyring
        self._lifetimes = lifetimes
        self._clock = clock

    def grant(
        self,
        session: Session,
        *,
        token: RefreshToken,
        person: StoredPerson,
        copy: SessionCopy,
        states: tuple[ConsentState, ...],
        is_new_user: bool = False,
    ) -> SignedIn:
        """Return tokens for a live session, and all that a phone stores beside them."""
        now = self._clock.now()
        newest_secret = self._keyring.secrets(ServiceKeyUse.REFRESH_TOKEN)[0]
        return SignedIn(
            access_token=self._tokens.issue(session, states),
            access_token_lifetime=min(self._lifetimes.access_token, session.expires_at - now),
            refresh_token=token.encode(newest_secret),
            refresh_token_lifetime=session.idle_expires_at - now,
            scopes=scopes(states),
            is_new_user=is_new_user,
            account=Account(id=person.id, created_at=person.created_at, profile=copy.profile),
            session=session,
            device=copy.device,
            consents_missing=missing(states),
        )
