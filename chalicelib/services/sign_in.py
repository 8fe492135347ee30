"""Sign in with Google: verify, then let one statement decide; a stranger who agrees becomes an account."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from chalicelib.domain.account import StoredPerson
from chalicelib.domain.challenges import (
    RANDOM_BYTES,
    Challenge,
    ChallengePurpose,
    issue_challenge,
    read_challenge,
)
from chalicelib.domain.consents import ConsentState, after, check_answers, require_all
from chalicelib.domain.errors import DependencyUnavailable, IdTokenUsed, InvalidNonce
from chalicelib.domain.id_tokens import ClientPolicy, GoogleIdentity, check_nonce, check_platform
from chalicelib.domain.keys import ServiceKeyUse
from chalicelib.domain.sessions import Lifetimes, Session, ensure_may_act
from chalicelib.domain.sign_in import Conflict, Entry, NewPerson, NewSession, Provider, SignedIn, SignIn
from chalicelib.domain.tokens import RefreshToken, session_seed
from chalicelib.services.grants import Grants
from chalicelib.services.keyring import KeyRing
from chalicelib.services.personal_data import Arrival, PersonalData
from chalicelib.services.ports import Act, BlindIndex, Clock, Ids, IdTokenVerifier, SignInStore
from chalicelib.services.session_copy import SessionCopies, SessionCopy

BUSY = timedelta(seconds=1)
ROUNDS_MAX = 3  # known, made an account, found somebody faster: the next look decides


class SignInService:
    """Opens sessions."""

    def __init__(
        self,
        *,
        store: SignInStore,
        verifier: IdTokenVerifier,
        clients: Mapping[str, ClientPolicy],
        keyring: KeyRing[Any],
        make_index: Callable[[bytes], BlindIndex],
        personal_data: PersonalData,
        copies: SessionCopies,
        grants: Grants,
        lifetimes: Lifetimes,
        clock: Clock,
        ids: Ids,
    ) -> None:
        """Take all that a sign-in touches."""
        self._store = store
        self._verifier = verifier
        self._clients = clients
        self._keyring = keyring
        self._make_index = make_index
        self._personal_data = personal_data
        self._copies = copies
        self._grants = grants
        self._lifetimes = lifetimes
        self._clock = clock
        self._ids = ids

    def challenge(self, purpose: ChallengePurpose) -> tuple[str, datetime]:
        """Return a single-use nonce and when it expires; nothing is stored until it is used."""
        secret = self._keyring.secrets(ServiceKeyUse.CHALLENGE)[0]
        return issue_challenge(secret, purpose, self._ids.random_bytes(RANDOM_BYTES), self._clock.now())

    def with_google(self, request: SignIn, act: Act) -> SignedIn:
        """Return the tokens of a new session, or those of the same session for the exact retry of a sign-in."""
        now = self._clock.now()
        identity = self._verifier.verify(request.id_token, now)
        policy = self._clients[identity.client_id]
        check_platform(policy, request.device.platform)
        check_nonce(policy, identity.nonce, request.nonce)
        challenge = self._challenge(request.nonce, now)
        secret = self._keyring.secrets(ServiceKeyUse.REFRESH_TOKEN)[0]
        arrival = Arrival(
            identity=identity, device=request.device, seed=session_seed(secret, request.id_token)
        )
        index = self._make_index(self._keyring.secrets(ServiceKeyUse.BLIND_INDEX)[0])
        new = self._new_session(request, arrival, index, challenge, now, act)
        return self._signed_in(arrival, index, new, act)

    def _challenge(self, nonce: str | None, now: datetime) -> Challenge | None:
        if nonce is None:
            return None
        secrets = self._keyring.secrets(ServiceKeyUse.CHALLENGE)
        return read_challenge(secrets, ChallengePurpose.SIGN_IN, nonce, now)

    def _new_session(
        self,
        request: SignIn,
        arrival: Arrival,
        index: BlindIndex,
        challenge: Challenge | None,
        now: datetime,
        act: Act,
    ) -> NewSession:
        identity, session_id = arrival.identity, self._ids.new_uuid()
        return NewSession(
            provider=Provider.GOOGLE,
            subject_index=_subject_index(index, identity),
            token_hash=identity.token_hash,
            token_expires_at=identity.expires_at,
            challenge=challenge,
            session_id=session_id,
            device_id=self._ids.new_uuid(),
            device_index=index.device(request.device.id),
            platform=request.device.platform,
            client_id=identity.client_id,
            now=now,
            idle_expires_at=now + min(self._lifetimes.idle, self._lifetimes.absolute),
            expires_at=now + self._lifetimes.absolute,
            profile=self._copies.seal(arrival.copy, seed=arrival.seed, session_id=session_id),
            profile_digest=index.digest("profile", identity.profile.to_bytes()),
            answers=request.consents,
            locale=request.locale,
            app_version=request.device.app_version,
            request_id=act.request_id,
        )

    def _signed_in(self, arrival: Arrival, index: BlindIndex, new: NewSession, act: Act) -> SignedIn:
        candidate: NewPerson | None = None
        conflict: Conflict | None = None
        for _ in range(ROUNDS_MAX):
            entry = self._store.open_session(new)
            if entry.person is not None:
                self._discard_if_overtaken(candidate, entry.person)
                return self._known(arrival, index, new, entry, entry.person, act)
            self._refuse_used(conflict, candidate)
            _check_answers_of_stranger(new, entry)
            candidate = candidate or self._personal_data.seal_new(arrival, index, new)
            created = self._store.create_account(new, candidate)
            if isinstance(created, Conflict):
                conflict = created
            elif created.session is not None and created.person is not None:
                states = after(created.states, new.answers)
                return self._granted(
                    arrival, created.session, created.person, states, arrival.copy, is_new_user=True
                )
        raise DependencyUnavailable(retry_after=BUSY)

    def _known(
        self,
        arrival: Arrival,
        index: BlindIndex,
        new: NewSession,
        entry: Entry,
        person: StoredPerson,
        act: Act,
    ) -> SignedIn:
        ensure_may_act(person.status)
        if entry.session is not None:
            copy = self._personal_data.renew(arrival, index, new, person, entry.session, act)
            states = after(entry.states, new.answers)
            return self._granted(arrival, entry.session, person, states, copy, is_new_user=False)
        check_answers(new.answers, entry.states)
        used = self._store.used_id_token(new)
        if used is None:  # so it was the nonce
            raise InvalidNonce
        used.ensure_exact_retry(new.now)
        copy = self._copies.open(used.session, seed=arrival.seed)
        return self._granted(
            arrival, used.session, used.person, used.states, copy, is_new_user=used.is_new_user
        )

    def _granted(
        self,
        arrival: Arrival,
        session: Session,
        person: StoredPerson,
        states: tuple[ConsentState, ...],
        copy: SessionCopy,
        *,
        is_new_user: bool,
    ) -> SignedIn:
        token = RefreshToken(session_id=session.id, seed=arrival.seed, generation=session.generation)
        return self._grants.grant(
            session, token=token, person=person, copy=copy, states=states, is_new_user=is_new_user
        )

    def _discard_if_overtaken(self, candidate: NewPerson | None, person: StoredPerson) -> None:
        """Forget the key made for nothing; but never that of an account whose commit answered nobody (F-5)."""
        if candidate is not None and candidate.user_id != person.id:
            self._personal_data.discard(candidate)

    def _refuse_used(self, conflict: Conflict | None, candidate: NewPerson | None) -> None:
        """Refuse a stranger whose token or nonce was used before: by an erased person, say."""
        if candidate is None or conflict in {None, Conflict.IDENTITY}:
            return
        self._personal_data.discard(candidate)
        raise InvalidNonce if conflict is Conflict.NONCE else IdTokenUsed


def _check_answers_of_stranger(new: NewSession, entry: Entry) -> None:
    require_all(new.answers, entry.states)
    check_answers(new.answers, entry.states)


def _subject_index(index: BlindIndex, identity: GoogleIdentity) -> bytes:
    return index.subject(Provider.GOOGLE.value, identity.issuer, identity.subject)
