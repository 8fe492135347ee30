"""A person's ways to sign in: shown, added with proof of both, removed while another is left."""

from datetime import datetime, timedelta
from typing import NoReturn, Protocol, assert_never
from uuid import UUID

from chalicelib.domain.challenges import Challenge, ChallengePurpose
from chalicelib.domain.dpop import Proof
from chalicelib.domain.errors import (
    DependencyUnavailable,
    IdentityInUse,
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
    Link,
    Linked,
    LinkedIdentity,
    LinkOutcome,
    NewIdentity,
    Unlinked,
    UnlinkOutcome,
)
from chalicelib.domain.limits import LINKS, Taking
from chalicelib.domain.sessions import Session, owned
from chalicelib.domain.tokens import AccessClaims
from chalicelib.services.admission import Admission
from chalicelib.services.personal_data import PersonalData
from chalicelib.services.ports import Act, Clock, Ids
from chalicelib.services.provider_grants import ProviderGrants
from chalicelib.services.secrets import Secrets
from chalicelib.services.session_check import SessionCheck

BUSY = timedelta(seconds=1)
UNPROVED = (IdTokenExpired, IdTokenUsed, InvalidIdToken, InvalidNonce)
LOOKS_MAX = 2  # with the index keys at hand, and with those that are stored now


class IdentityStore(Protocol):
    """Identities, as rows."""

    def of_session(
        self, session_id: UUID, *, proof: Proof | None, now: datetime
    ) -> tuple[Session | None, tuple[LinkedIdentity, ...]]:
        """Return a session in any state, and of a live one the identities of its person."""

    def link(
        self, new: NewIdentity, *, proof: Proof | None, place: Taking | None, now: datetime, request_id: str
    ) -> LinkOutcome:
        """Add an identity, if all is right."""

    def unlink(
        self, session_id: UUID, identity_id: UUID, *, proof: Proof | None, now: datetime, request_id: str
    ) -> UnlinkOutcome:
        """Remove an identity that isn't the last."""


class IdentityService:
    """Identities."""

    def __init__(
        self,
        *,
        store: IdentityStore,
        sessions: SessionCheck,
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
        self._sessions = sessions
        self._admission = admission
        self._secrets = secrets
        self._personal_data = personal_data
        self._clock = clock
        self._ids = ids

    def list(self, claims: AccessClaims) -> tuple[LinkedIdentity, ...]:
        """Return the person's identities, the first one first. Raises SessionRevoked, AccountSuspended."""
        now = self._clock.now()
        session, found = self._store.of_session(claims.session_id, proof=claims.proof, now=now)
        owned(claims, session, now)
        return found

    def link(self, claims: AccessClaims, request: Link, act: Act) -> LinkedIdentity:
        """Let an identity sign in to the account too; one that does already is returned again.

        Raises:
            IdentityNotProved: ID token or nonce are refused as at a sign-in; never a 401, which would tell
                the app that its own tokens are bad.
            NotFound: nobody signs in with this provider here.
            IdentityInUse: it signs in to another account, however its person came by that.
            IdentityLimitReached: there are as many as there may be.
            RateLimited: with this session too often.
            SessionRevoked, AccountSuspended: the person may not act.
        """
        try:
            return self._linked(claims, request, act, self._clock.now())
        except UNPROVED as error:
            raise IdentityNotProved from error

    def _linked(self, claims: AccessClaims, request: Link, act: Act, now: datetime) -> LinkedIdentity:
        proof, place = claims.proof, self._sessions.taking(claims, LINKS)
        with self._sessions.before_act(claims, place, now):
            challenge = self._secrets.read_nonce(ChallengePurpose.LINK_IDENTITY, request.nonce, now)
            identity = self._admission.admit(
                request.provider, request.id_token, platform=None, nonce=request.nonce, now=now
            )
        for _ in range(LOOKS_MAX):
            new = self._new(claims, identity, challenge)
            outcome = self._store.link(new, proof=proof, place=place, now=now, request_id=act.request_id)
            self._sessions.settle(place, outcome.taken)
            if outcome.identity is not None:
                return outcome.identity
            if outcome.outcome is not Linked.INDEX_KEYS_CHANGED:
                _refuse_link(claims, outcome, now)
            proof = place = None  # used up, and counted, by the first look
            self._secrets.look_again()
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
            claims.session_id, identity_id, proof=claims.proof, now=now, request_id=act.request_id
        )
        owned(claims, outcome.session, now)
        match outcome.outcome:
            case Unlinked.UNLINKED:
                if outcome.is_revocable:
                    self._provider_grants.end_soon(claims.user_id)
            case Unlinked.UNKNOWN:
                raise NotFound
            case Unlinked.LAST:
                raise LastIdentity
            case Unlinked.REFUSED:
                raise SessionRevoked  # it expired, or ended, while this waited
            case _:
                assert_never(outcome.outcome)

    def _new(self, claims: AccessClaims, identity: VerifiedIdentity, challenge: Challenge) -> NewIdentity:
        indexing, identity_id = self._secrets.indexing(), self._ids.new_uuid()
        subject = (identity.provider, identity.issuer, identity.subject)
        email = identity.profile.verified_email
        return NewIdentity(
            session_id=claims.session_id,
            user_id=claims.user_id,
            identity_id=identity_id,
            provider=identity.provider,
            platforms=self._admission.platforms(identity),
            index_version=indexing.version,
            index_versions=indexing.versions,
            subject_indexes=tuple(index.subject(*subject) for index in indexing.finds),
            email_index=indexing.writes.email(email) if email else None,
            subject=self._personal_data.seal_subject(claims.user_id, identity_id, identity.subject),
            token_hash=identity.token_hash,
            token_expires_at=identity.expires_at,
            challenge=challenge,
        )


def _refuse_link(claims: AccessClaims, outcome: LinkOutcome, now: datetime) -> NoReturn:
    """Raise why nothing was linked."""
    owned(claims, outcome.session, now)
    match outcome.outcome:
        case Linked.IN_USE:
            raise IdentityInUse
        case Linked.FULL:
            raise IdentityLimitReached
        case Linked.WRONG_PLATFORM:
            raise InvalidIdToken
        case Linked.NONCE_USED:
            raise InvalidNonce
        case Linked.TOKEN_USED:
            raise IdTokenUsed
        case Linked.REFUSED:
            raise SessionRevoked
        case Linked.LINKED | Linked.LIMITED | Linked.INDEX_KEYS_CHANGED:
            raise AssertionError  # these were judged before
        case _:
            assert_never(outcome.outcome)
