"""Sign in with a provider: verify, then one statement decides; a stranger who agrees becomes an account."""

from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta

from chalicelib.domain.account import UserStatus
from chalicelib.domain.challenges import RANDOM_BYTES, ChallengePurpose
from chalicelib.domain.consents import after, check_answers, check_each_once, require_all
from chalicelib.domain.errors import DependencyUnavailable, IdTokenUsed, InvalidNonce
from chalicelib.domain.id_tokens import VerifiedIdentity
from chalicelib.domain.limits import SIGN_IN_BY_PERSON
from chalicelib.domain.provider_grants import IdentityCode
from chalicelib.domain.sessions import OwnSession, ensure_may_act
from chalicelib.domain.sign_in import Conflict, Entry, NewPerson, NewSession, SignedIn, SignIn
from chalicelib.domain.tokens import RefreshToken
from chalicelib.services.admission import Admission
from chalicelib.services.grants import Grants
from chalicelib.services.limits import Limits
from chalicelib.services.personal_data import Arrival, PersonalData
from chalicelib.services.ports import Act, Clock, Ids
from chalicelib.services.provider_grants import ProviderGrants
from chalicelib.services.secrets import Secrets
from chalicelib.services.session_copy import SessionCopy
from chalicelib.services.store_ports import SignInStore

BUSY = timedelta(seconds=1)
ROUNDS_MAX = 3  # a stranger, then somebody was faster: the next look decides
LOOKS_MAX = 2  # with the index keys at hand, and with those that are stored now


class _IndexKeyRotated(Exception):
    """The database knows index keys that this container doesn't: the person may be there under one."""


class SignInService:
    """Opens sessions."""

    def __init__(  # noqa: PLR0913 - a sign-in touches nine things, each named at the call
        self,
        *,
        store: SignInStore,
        admission: Admission,
        secrets: Secrets,
        personal_data: PersonalData,
        grants: Grants,
        limits: Limits,
        clock: Clock,
        ids: Ids,
        provider_grants: ProviderGrants,
    ) -> None:
        """Take all that a sign-in touches."""
        self._provider_grants = provider_grants
        self._store = store
        self._admission = admission
        self._secrets = secrets
        self._personal_data = personal_data
        self._grants = grants
        self._limits = limits
        self._lifetimes = grants.lifetimes
        self._clock = clock
        self._ids = ids

    def challenge(self, purpose: ChallengePurpose) -> tuple[str, datetime]:
        """Return a single-use nonce and when it expires; nothing is stored until it is used."""
        return self._secrets.issue_nonce(purpose, self._ids.random_bytes(RANDOM_BYTES), self._clock.now())

    def with_id_token(self, request: SignIn, act: Act) -> SignedIn:
        """Return the tokens of a new session; for the exact retry of a sign-in, those of the same one."""
        now = self._clock.now()
        check_each_once(request.consents)
        platform = request.device.platform
        identity = self._admission.admit(
            request.provider,
            request.id_token,
            platform=platform,
            nonce=request.nonce,
            now=now,
            proof=request.proof,
        )
        for _ in range(LOOKS_MAX):
            arrival = Arrival(
                identity=identity,
                device=request.device,
                seeds=self._secrets.seeds(identity.token),
                indexing=self._secrets.indexing(),
                name=request.name,
            )
            with suppress(_IndexKeyRotated):
                signed_in = self._signed_in(arrival, self._new_session(request, arrival, now, act))
                self._exchange(request.authorization_code, identity, signed_in)
                return signed_in
            self._secrets.look_again()
        raise DependencyUnavailable(retry_after=BUSY)

    def _exchange(self, code: str | None, identity: VerifiedIdentity, signed_in: SignedIn) -> None:
        if code is not None:
            told = IdentityCode(
                user_id=signed_in.account.id,
                issuer=identity.issuer,
                subject=identity.subject,
                client_id=identity.client_id,
                code=code,
            )
            self._provider_grants.exchange(told)

    def _new_session(self, request: SignIn, arrival: Arrival, now: datetime, act: Act) -> NewSession:
        identity, session_id = arrival.identity, self._ids.new_uuid()
        nonce, indexing = request.nonce, arrival.indexing
        subject = (identity.provider, identity.issuer, identity.subject)
        subject_indexes = tuple(index.subject(*subject) for index in indexing.finds)
        device_indexes = tuple(index.device(request.device.id) for index in indexing.finds)
        challenge = self._secrets.read_nonce(ChallengePurpose.SIGN_IN, nonce, now) if nonce else None
        return NewSession(
            provider=identity.provider,
            index_version=indexing.version,
            index_versions=indexing.versions,
            subject_index=subject_indexes[0],
            subject_indexes=subject_indexes,
            token_hash=identity.token_hash,
            token_expires_at=identity.expires_at,
            challenge=challenge,
            session_id=session_id,
            device_id=self._ids.new_uuid(),
            device_index=device_indexes[0],
            device_indexes=device_indexes,
            platform=request.device.platform,
            client_id=identity.client_id,
            now=now,
            idle_expires_at=now + min(self._lifetimes.idle, self._lifetimes.absolute),
            expires_at=now + self._lifetimes.absolute,
            jkt=request.proof.jkt if request.proof else None,
            profile=self._personal_data.seal_copy(arrival.copy, seed=arrival.seed, session_id=session_id),
            profile_digest=indexing.writes.digest("profile", identity.profile.to_bytes()),
            answers=request.consents,
            locale=act.locale,
            app_version=request.device.app_version,
            request_id=act.request_id,
            place=self._limits.taking(SIGN_IN_BY_PERSON, subject_indexes[0].hex()),
        )

    def _signed_in(self, arrival: Arrival, new: NewSession) -> SignedIn:
        candidate: NewPerson | None = None
        conflict: Conflict | None = None
        for _ in range(ROUNDS_MAX):
            entry = self._store.open_session(new)
            if entry.person is not None and entry.person.status is UserStatus.ERASED:
                continue  # it happened while this waited for the person's lock: the next look finds nobody
            if entry.person is not None:
                # never the key of an account that was made, and whose commit answered nobody (F-5)
                if candidate is not None and candidate.user_id != entry.person.id:
                    self._personal_data.discard(candidate)
                return self._known(arrival, new, entry)
            self._refuse_used(conflict, candidate)
            if new.challenge is not None:
                new.challenge.ensure_fresh(new.now)
            if not any(state.required for state in entry.states):
                raise DependencyUnavailable(retry_after=BUSY)  # nothing to agree to: the release isn't done
            require_all(new.answers, entry.states, new.now)
            check_answers(new.answers, entry.states)
            first, introduced = self._personal_data.introduce(arrival, new)
            candidate = candidate or self._personal_data.seal_new(first, introduced)
            created = self._store.create_account(introduced, candidate)
            if created is Conflict.INDEX_KEY:
                raise _IndexKeyRotated  # the sweep gets the key: a commit may have answered nobody (F-5)
            if isinstance(created, Conflict):
                conflict = created
            elif created.own is not None:
                own = _answered(created.own, new)
                return self._granted(first, own, first.copy, is_new_user=True)
        raise DependencyUnavailable(retry_after=BUSY)

    def _known(self, arrival: Arrival, new: NewSession, entry: Entry) -> SignedIn:
        if entry.own is not None:
            arrived = replace(arrival, is_first_identity=entry.is_first_identity)
            copy = self._personal_data.renew(arrived, new, entry.own)
            return self._granted(arrival, _answered(entry.own, new), copy, is_new_user=False)
        if entry.person is not None:
            ensure_may_act(entry.person.status)
        self._limits.settle(new.place, entry.taken)
        used = self._store.used_id_token(new)
        if used is None:
            # nothing else is left; a used ID token without a session was that of somebody erased since
            raise IdTokenUsed if new.challenge is None else InvalidNonce
        used.ensure_exact_retry(new.now, new.jkt)
        arrival = replace(arrival, seeds=(self._personal_data.seed_of(used.own, arrival.seeds),))
        copy = self._personal_data.copy_of(used.own, seed=arrival.seed)
        # the answers that were recorded count, whatever the retry says
        return self._granted(arrival, used.own, copy, is_new_user=used.is_new_user)

    def _granted(
        self, arrival: Arrival, own: OwnSession, copy: SessionCopy, *, is_new_user: bool
    ) -> SignedIn:
        session = own.session
        token = RefreshToken(
            session_id=session.id, seed=arrival.seed, generation=session.generation, jkt=session.jkt
        )
        return self._grants.grant(own, token=token, copy=copy, is_new_user=is_new_user)

    def _refuse_used(self, conflict: Conflict | None, candidate: NewPerson | None) -> None:
        """Refuse a stranger whose token or nonce was used before: by an erased person, say."""
        if candidate is None or conflict in {None, Conflict.IDENTITY}:
            return
        self._personal_data.discard(candidate)
        raise InvalidNonce if conflict is Conflict.NONCE else IdTokenUsed


def _answered(own: OwnSession, new: NewSession) -> OwnSession:
    """Return the session as it stands with the answers that were recorded when it was opened."""
    return replace(own, states=after(own.states, new.answers))
