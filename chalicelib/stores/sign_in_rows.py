"""The rows of a sign-in, column by column: what a statement inserts once its conditions hold."""

from typing import Any

from sqlalchemy import CTE, literal

from chalicelib.domain.tokens import FEDERATED_AMR, Acr
from chalicelib.stores.index_keys import INDEX_VERSION
from chalicelib.stores.parameters import NOW, given
from chalicelib.stores.schema import Devices, Identities, Sessions, Users


def session_values(device: CTE) -> dict[str, Any]:
    """Return the columns of the new session, on the device that was just seen."""
    return {
        "id": given("session_id", Sessions.id),
        "user_id": device.c.user_id,
        "device_id": device.c.device_id,
        "client_id": given("client_id", Sessions.client_id),
        "acr": literal(Acr.FEDERATED.value, Sessions.acr.type),
        "amr": literal(list(FEDERATED_AMR), Sessions.amr.type),
        "auth_time": NOW,
        "created_at": NOW,
        "rotated_at": NOW,
        "idle_expires_at": given("idle_expires_at", Sessions.idle_expires_at),
        "expires_at": given("expires_at", Sessions.expires_at),
        "jkt": given("jkt", Sessions.jkt),
        "profile": given("profile", Sessions.profile),
        "profile_digest": given("profile_digest", Sessions.profile_digest),
    }


def device_values(by: CTE) -> dict[str, Any]:
    """Return the columns of a device that is seen for the first time."""
    return {
        "id": given("device_id", Devices.id),
        "user_id": by.c.user_id,
        "device_index": given("device_index", Devices.device_index),
        "index_version": INDEX_VERSION,
        "platform": given("platform", Devices.platform),
        "created_at": NOW,
        "last_seen_at": NOW,
    }


def person_values() -> dict[str, Any]:
    """Return the columns of a new person."""
    return {
        "id": given("person_user_id", Users.id),
        "created_at": NOW,
        "status_changed_at": NOW,
        "key_version": given("person_key_version", Users.key_version),
        "profile": given("person_profile", Users.profile),
        "profile_digest": given("profile_digest", Users.profile_digest),
        "index_version": INDEX_VERSION,
    }


def identity_values(person: CTE) -> dict[str, Any]:
    """Return the columns of who the provider says a new person is."""
    return {
        "id": given("person_identity_id", Identities.id),
        "user_id": person.c.user_id,
        "provider": given("provider", Identities.provider),
        "subject_index": given("subject_index", Identities.subject_index),
        "email_index": given("person_email_index", Identities.email_index),
        "index_version": INDEX_VERSION,
        "subject": given("person_subject", Identities.subject),
        "created_at": NOW,
    }
