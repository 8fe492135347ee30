"""Signing in: a known person opens a session, a new one an account with it (sql/sign_in.sql)."""

from datetime import datetime, timedelta
from uuid import UUID

from chalicelib.domain.sign_in import RETRY_WINDOW, Entered, Entry, NewPerson, NewSession
from chalicelib.postgres.calls import Call, Parameters, Row
from chalicelib.stores import consent_rows, limits
from chalicelib.stores.consent_rows import StateJson
from chalicelib.stores.database import Database
from chalicelib.stores.limits import AddressPlaceParameters, PlaceParameters
from chalicelib.stores.proofs import ProofParameters, used
from chalicelib.stores.session_rows import SessionRow, read_own


class EntryRow(Row):
    """The type `entry` in sql/sign_in.sql."""

    outcome: str
    user_id: UUID | None
    is_first_identity: bool | None
    own: SessionRow | None
    states: list[StateJson] | None
    address_is_taken: bool | None
    address_arrives_at: datetime | None
    place_is_taken: bool | None
    place_arrives_at: datetime | None


class NewSessionParameters(Parameters):
    """Who arrives, on what, and the session that they may open."""

    p_provider: str
    p_subject_indexes: list[bytes]
    p_index_version: int
    p_index_versions: list[int]
    p_token_hash: bytes
    p_token_expires_at: datetime
    p_retry_window: timedelta
    p_nonce_hash: bytes | None
    p_nonce_expires_at: datetime | None
    p_device_id: UUID
    p_device_indexes: list[bytes]
    p_platform: str
    p_session_id: UUID
    p_client_id: str
    p_jkt: str | None
    p_profile: bytes
    p_profile_digest: bytes
    p_idle_expires_at: datetime
    p_expires_at: datetime
    p_answers: str
    p_app_version: str | None
    p_locale: str
    p_now: datetime
    p_request_id: str


class OpenSession(Call[EntryRow], function="open_session"):
    new: NewSessionParameters
    address: AddressPlaceParameters
    proof: ProofParameters
    place: PlaceParameters


class CreateAccount(Call[EntryRow], function="create_account"):
    p_user_id: UUID
    p_key_version: int
    p_user_profile: bytes
    p_identity_id: UUID
    p_subject: bytes
    p_email_index: bytes | None
    p_device_description: bytes
    p_device_digest: bytes
    new: NewSessionParameters
    place: PlaceParameters


class SignInStore:
    """What signing in reads and writes."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def open_session(self, new: NewSession) -> Entry:
        """Open a session for a known, active person with unused token and nonce, or say why there is none.

        Raises:
            InvalidDpopProof: the proof came before; nothing is done.
        """
        row = self._database.one(
            OpenSession(
                new=_parameters(new),
                address=limits.address_place(new.at_address),
                proof=used(new.proof),
                place=limits.place(new.place),
            )
        )
        return _entry(row)

    def create_account(self, new: NewSession, person: NewPerson) -> Entry:
        """Make a person with their first session, whole or not at all; or do as `open_session`."""
        row = self._database.one(
            CreateAccount(
                p_user_id=person.user_id,
                p_key_version=person.key_version,
                p_user_profile=person.profile,
                p_identity_id=person.identity_id,
                p_subject=person.subject,
                p_email_index=person.email_index,
                p_device_description=person.device_description,
                p_device_digest=person.device_digest,
                new=_parameters(new),
                place=limits.place(new.place),
            )
        )
        return _entry(row)


def _parameters(new: NewSession) -> NewSessionParameters:
    challenge = new.challenge
    return NewSessionParameters(
        p_provider=new.provider,
        p_subject_indexes=list(new.subject_indexes),
        p_index_version=new.index_version,
        p_index_versions=list(new.index_versions),
        p_token_hash=new.token_hash,
        p_token_expires_at=new.token_expires_at,
        p_retry_window=RETRY_WINDOW,
        p_nonce_hash=challenge.nonce_hash if challenge else None,
        p_nonce_expires_at=challenge.expires_at if challenge else None,
        p_device_id=new.device_id,
        p_device_indexes=list(new.device_indexes),
        p_platform=new.platform.value,
        p_session_id=new.session_id,
        p_client_id=new.client_id,
        p_jkt=new.jkt,
        p_profile=new.profile,
        p_profile_digest=new.profile_digest,
        p_idle_expires_at=new.idle_expires_at,
        p_expires_at=new.expires_at,
        p_answers=consent_rows.as_parameter(new.answers),
        p_app_version=new.app_version,
        p_locale=new.locale,
        p_now=new.now,
        p_request_id=new.request_id,
    )


def _entry(row: EntryRow) -> Entry:
    own = read_own(row.own, row.states) if row.own else None
    return Entry(
        outcome=Entered(row.outcome),
        user_id=row.user_id,
        is_first_identity=bool(row.is_first_identity),
        own=own,
        states=own.states if own else consent_rows.read_states(row.states),
        at_address=limits.read_place(row.address_is_taken, row.address_arrives_at),
        taken=limits.read_place(row.place_is_taken, row.place_arrives_at),
    )
