"""Sign in with a provider: verify, then the database decides; a stranger who agrees becomes an account."""

from dataclasses import replace
from datetime import datetime, timedelta

from chalicelib.domain.challenges import RANDOM_BYTES, ChallengePurpose
from chalicelib.domain.consents import ConsentState, after, check_answers, check_each_once, require_all
from chalicelib.domain.errors import (
    AccountSuspended,
    DependencyUnavailable,
    IdTokenUsed,
    InvalidNonce,
    ServiceError,
)
from chalicelib.domain.id_tokens import VerifiedIdentity
from chalicelib.domain.limits import SIGN_IN_BY_PERSON
from chalicelib.domain.provider_grants import IdentityCode
from chalicelib.domain.sign_in import Entered, Entry, NewSession, SignedIn, SignIn
from chalicelib.domain.tokens import RefreshToken
from chalicelib.services.admission import Admission
from chalicelib.services.grants import Grants
from chalicelib.services.limits import Limits
from chalicelib.services.personal_data import Arrival, PersonalData
from chalicelib.services.ports import Act, Clock, Ids
from chalicelib.services.provider_grants import ProviderGrants
from chalicelib.services.secrets import Secrets
from chalicelib.services.store_ports import SignInStore

BUSY = timedelta(seconds=1)
LOOKS_MAX = 2  # with the index keys at hand, and with those that are stored now


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
        )
        signed_in = self._signed_in(request, identity, now, act)
        self._exchange(request.authorization_code, identity, signed_in)
        return signed_in

    def _signed_in(self, request: SignIn, identity: VerifiedIdentity, now: datetime, act: Act) -> SignedIn:
        for look in range(LOOKS_MAX):
            arrival = Arrival(
                identity=identity,
                device=request.device,
                seeds=self._secrets.seeds(identity.token),
                indexing=self._secrets.indexing(),
                name=request.name,
            )
            new = self._new_session(request, arrival, now, act)
            if look > 0:
                new = replace(new, at_address=None, proof=None)  # counted, and used up, by the first look
            arrival, new, entry = self._entered(arrival, new)
            if entry.outcome is not Entered.INDEX_KEYS_CHANGED:
                return self._grant(arrival, new, entry)
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
            subject_indexes=subject_indexes,
            token_hash=identity.token_hash,
            token_expires_at=identity.expires_at,
            challenge=challenge,
            session_id=session_id,
            device_id=self._ids.new_uuid(),
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
            at_address=act.place,
            place=self._limits.taking(SIGN_IN_BY_PERSON, subject_indexes[0].hex()),
            proof=request.proof,
        )

    def _entered(self, arrival: Arrival, new: NewSession) -> tuple[Arrival, NewSession, Entry]:
        """Return what came of a sign-in, with what it was asked for in the end."""
        entry = self._store.open_session(new)
        self._limits.settle(new.at_address, entry.at_address)
        if entry.outcome is Entered.UNKNOWN_PERSON:
            _ensure_agreed(new, entry.states)
            arrival, new = self._personal_data.introduce(arrival, new)
            entry = self._created(arrival, new)
        self._limits.settle(new.place, entry.taken)
        return arrival, new, entry

    def _created(self, arrival: Arrival, new: NewSession) -> Entry:
        candidate = self._personal_data.seal_new(arrival, new)
        entry = self._store.create_account(new, candidate)
        # Never the key of an account that was made by a call whose answer was lost (F-5). Where the index
        # keys have changed, nobody can tell; the sweep gets the key.
        if entry.user_id != candidate.user_id and entry.outcome is not Entered.INDEX_KEYS_CHANGED:
            self._personal_data.discard(candidate)
        return entry

    def _grant(self, arrival: Arrival, new: NewSession, entry: Entry) -> SignedIn:
        own = entry.own
        if own is None:
            raise _refusal(new, entry)
        seed = arrival.seed
        match entry.outcome:
            case Entered.CREATED:
                copy, own = arrival.copy, replace(own, states=after(own.states, new.answers))
            case Entered.REPEATED:  # the answers that were recorded count, whatever the retry says
                seed = self._personal_data.seed_of(own, arrival.seeds)
                copy = self._personal_data.copy_of(own, seed=seed)
            case _:
                arrived = replace(arrival, is_first_identity=entry.is_first_identity)
                copy = self._personal_data.renew(arrived, new, own)
        session = own.session
        token = RefreshToken(session_id=session.id, seed=seed, generation=session.generation, jkt=session.jkt)
        return self._grants.grant(own, token=token, copy=copy, is_new_user=entry.is_new_user)


def _ensure_agreed(new: NewSession, states: tuple[ConsentState, ...]) -> None:
    """Let a stranger through who agrees to all that is required.

    Raises:
        ConsentRequired, ConsentOutdated, InvalidInput: they don't.
        DependencyUnavailable: there is nothing to agree to: the release isn't done.
    """
    if not any(state.required for state in states):
        raise DependencyUnavailable(retry_after=BUSY)
    require_all(new.answers, states, new.now)
    check_answers(new.answers, states)


def _refusal(new: NewSession, entry: Entry) -> ServiceError:
    match entry.outcome:
        case Entered.SUSPENDED:
            return AccountSuspended()
        case Entered.TOKEN_USED:
            return IdTokenUsed()
        case Entered.NONCE_USED:
            return InvalidNonce()
        case _:
            _ensure_agreed(new, entry.states)  # a document was published in between
            return DependencyUnavailable(retry_after=BUSY)
