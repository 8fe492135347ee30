"""A device and its person as statements select them, and what ends a session."""

from typing import Any

from sqlalchemy import ColumnElement, null

from chalicelib.stores.parameters import NOW
from chalicelib.stores.schema import Devices, Users

# an ended session keeps no copy that an old refresh token could still open
ENDED: dict[str, Any] = {"ended_at": NOW, "profile": null(), "profile_digest": null()}
DEVICE_COLUMNS: tuple[ColumnElement[Any], ...] = (
    Devices.id.label("device_id"),
    Devices.platform.label("device_platform"),
    Devices.description.label("device_description"),
    Devices.description_digest.label("device_digest"),
    Devices.created_at.label("device_seen_at"),
)
PERSON_COLUMNS: tuple[ColumnElement[Any], ...] = (
    *(
        Users.id.label("user_id"),
        Users.status.label("user_status"),
        Users.created_at.label("user_created_at"),
    ),
    *(Users.key_version.label("user_key_version"), Users.profile.label("user_profile")),
    *(Users.profile_digest.label("user_profile_digest"), Users.chosen.label("user_chosen")),
)
