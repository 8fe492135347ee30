"""A person's ways to sign in: shown, added with proof of both (decision 0090), removed if another is left."""

from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

from chalicelib.domain.challenges import Challenge, ChallengePurpose
from chalicelib.domain.errors import (
    DependencyUnavailable,
    IdentityLimitReached,
    IdentityNotProved,
    IdTokenExpired,
    IdTokenUsed,
    InvalidIdToken,
    InvalidNonce,
    LastIdentity,
    NotFound,
    SessionRevoked,
)
from chalicelib.domain.id_tokens import VerifiedIdentity
from chalicelib.domain.identities import (
    IDENTITIES_MAX,
    Link,
    LinkedIdentity,
    LinkOutcome,
    NewIdentity,
    OwnIdentities,
    UnlinkOutcome,
)
from chalicelib.domain.sessions import owned
from chalicelib.domain.tokens import AccessClaims
from chalicelib.services.admission import Admission
from chalicelib.services.personal_data import PersonalData
from chalicelib.services.ports import Act, Clock, Ids
from chalicelib.services.provider_grants import ProviderGrants
from chalicelib.services.secrets import Secrets

BUSY = timedelta(seconds=1)
UNPROVED = (IdTokenExpired, IdTokenUsed, InvalidIdToken, InvalidNonce)
ROUNDS_MAX = 3  # somebody else was faster with this identity: the next look tells who


class IdentityStore(Protocol):
    """Identities, as rows."""

    def of_session(self, session_id: UUID, *, locale: str, now: datetime) -> OwnIdentities | None:
        """Return a session in any state, with the identities of its person."""

    def link(self, new: NewIdentity, *, now: datetime, request_id: str) -> LinkOutcome:
        """Add an identity, if all is right."""

    def unlink(
        self, session_id: UUID, user_id: UUID, identity_id: UUID, *, now: datetime, request_id: str
    ) -> UnlinkOutcome:
        """Remove an identity that isn't the last."""


class IdentityService:
    """Identities."""

    def __init__(
        self,
        *,
        store: IdentityStore,
        admission: Admission,
        secrets: Secrets,
        personal_data: PersonalData,
        clock: Clock,
        ids: Ids,
        provider_grants: ProviderGrants,
    ) -> None:
        """Take what verifies, seals and stores."""
        self._provider_grants = provider_grants
        self._store = store
        self._admission = admission
        self._secrets = secrets
        self._personal_data = personal_data
        self._clock = clock
        self._ids = ids

    def list(self, claims: AccessClaims, act: Act) -> tuple[LinkedIdentity, ...]:
        """Return the person's identities, the first one first. Raises SessionRevoked, AccountSuspended."""
        return self._own(claims, act, self._clock.now()).identities

    def link(self, claims: AccessClaims, request: Link, act: Act) -> LinkedIdentity:
        """Let an identity sign in to the account too; one that does already is answered again.

        Raises:
            IdentityNotProved: ID token or nonce are refused as at a sign-in; never a 401, which would tell
                the app that its own tokens are bad.
            NotFound: nobody signs in with this provider here.
            IdentityInUse: it signs in to another account, however its person came by that.
            IdentityLimitReached: there are as many as there may be.
            SessionRevoked, AccountSuspended: the person may not act.
        """
        try:
            return self._linked(claims, request, act, self._clock.now())
        except UNPROVED as error:
            raise IdentityNotProved from error

    def _linked(self, claims: AccessClaims, request: Link, act: Act, now: datetime) -> LinkedIdentity:
        platform = self._own(claims, act, now).session.device.platform
        challenge = self._secrets.read_nonce(ChallengePurpose.LINK_IDENTITY, request.nonce, now)
        identity = self._admission.admit(
            request.provider, request.id_token, platform=platform, nonce=request.nonce, now=now
        )
        new = self._new(claims, identity, challenge)
        for _ in range(ROUNDS_MAX):
            outcome = self._store.link(new, now=now, request_id=act.request_id)
            if not outcome.is_live:
                raise self._refusal(claims, act, now)
            if not outcome.knows_every_key:
                self._secrets.look_again()
                new = self._new(claims, identity, challenge)
                continue
            linked = outcome.of(claims.user_id)
            if linked is not None:
                return linked
            challenge.ensure_fresh(now)
            if outcome.count >= IDENTITIES_MAX:
                raise IdentityLimitReached
        raise DependencyUnavailable(retry_after=BUSY)

    def unlink(self, claims: AccessClaims, identity_id: UUID, act: Act) -> None:
        """Let an identity sign in to the account no more; sessions that it opened go on.

        Raises:
            NotFound: it isn't this person's, or was never here (A1).
            LastIdentity: nobody could sign in to the account any more.
            SessionRevoked, AccountSuspended: the person may not act.
        """
        now = self._clock.now()
        outcome = self._store.unlink(
            claims.session_id, claims.user_id, identity_id, now=now, request_id=act.request_id
        )
        if not outcome.is_live:
            raise self._refusal(claims, act, now)
        if not outcome.is_known:
            raise NotFound
        if not outcome.is_removed:
            raise LastIdentity
        self._provider_grants.end_soon(claims.user_id)

    def _new(self, claims: AccessClaims, identity: VerifiedIdentity, challenge: Challenge) -> NewIdentity:
        indexing, identity_id = self._secrets.indexing(), self._ids.new_uuid()
        subject = (identity.provider, identity.issuer, identity.subject)
        subject_indexes = tuple(index.subject(*subject) for index in indexing.finds)
        email = identity.profile.verified_email
        return NewIdentity(
            session_id=claims.session_id,
            user_id=claims.user_id,
            identity_id=identity_id,
            provider=identity.provider,
            index_version=indexing.version,
            index_versions=indexing.versions,
            subject_index=subject_indexes[0],
            subject_indexes=subject_indexes,
            email_index=indexing.writes.email(email) if email else None,
            subject=self._personal_data.seal_subject(claims.user_id, identity_id, identity.subject),
            token_hash=identity.token_hash,
            token_expires_at=identity.expires_at,
            challenge=challenge,
        )

    def _own(self, claims: AccessClaims, act: Act, now: datetime) -> OwnIdentities:
        own = self._store.of_session(claims.session_id, locale=act.locale, now=now)
        owned(claims, own.session if own else None, now)
        if own is None:
            raise SessionRevoked
        return own

    def _refusal(self, claims: AccessClaims, act: Act, now: datetime) -> SessionRevoked:
        self._own(claims, act, now)  # suspended, say
        return SessionRevoked()
