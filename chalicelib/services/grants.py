"""Put together what sign-in and refresh answer: both tokens, the person, the session, what is missing."""

from typing import Any

from chalicelib.domain.account import Account
from chalicelib.domain.consents import missing, scopes
from chalicelib.domain.sessions import Lifetimes, OwnSession
from chalicelib.domain.sign_in import SignedIn
from chalicelib.domain.tokens import RefreshToken
from chalicelib.services.ports import Clock
from chalicelib.services.secrets import Secrets
from chalicelib.services.session_copy import SessionCopy
from chalicelib.services.tokens import AccessTokens


class Grants:
    """Makes the one answer of sign-in and refresh."""

    def __init__(
        self, *, tokens: AccessTokens[Any], secrets: Secrets, lifetimes: Lifetimes, clock: Clock
    ) -> None:
        """Take what issues tokens."""
        self._tokens = tokens
        self._secrets = secrets
        self.lifetimes = lifetimes
        self._clock = clock

    def grant(
        self, own: OwnSession, *, token: RefreshToken, copy: SessionCopy, is_new_user: bool = False
    ) -> SignedIn:
        """Return tokens for a live session, and all that a phone stores beside them."""
        now, session, person = self._clock.now(), own.session, own.person
        absent = missing(own.states, now)
        opened = scopes(own.states, absent, now)
        return SignedIn(
            access_token=self._tokens.issue(session, opened, now),
            access_token_lifetime=min(self.lifetimes.access_token, session.expires_at - now),
            refresh_token=self._secrets.write_refresh_token(token),
            refresh_token_lifetime=session.idle_expires_at - now,
            scopes=opened,
            is_new_user=is_new_user,
            account=Account(
                id=person.id, created_at=person.created_at, profile=copy.profile, chosen=copy.chosen
            ),
            session=session,
            device=copy.device,
            consents_missing=absent,
        )
