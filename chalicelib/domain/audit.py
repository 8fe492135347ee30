"""The catalogue of audit events: every act that is recorded, by its one name."""

from enum import StrEnum


class AuditKind(StrEnum):
    """What happened. Names are permanent: auditors search for them years later."""

    ACCOUNT_CHANGED = "account.changed"
    ACCOUNT_CREATED = "account.created"
    ACCOUNT_DATA_RENEWED = "account.data_renewed"
    ACCOUNT_ERASED = "account.erased"
    ACCOUNT_EXPORTED = "account.exported"
    ACCOUNT_REINSTATED = "account.reinstated"
    ACCOUNT_SUSPENDED = "account.suspended"
    CONSENT_GRANTED = "consent.granted"
    CONSENT_REFUSED = "consent.refused"
    CONSENT_SUPERSEDED = "consent.superseded"
    CONSENT_WITHDRAWN = "consent.withdrawn"
    DOCUMENT_PUBLISHED = "document.published"
    KEY_CREATED = "key.created"
    REQUEST_REFUSED = "request.refused"
    SERVICE_RESTORED = "service.restored"
    SESSION_ENDED = "session.ended"
    SESSION_REFRESHED = "session.refreshed"
    SESSION_REUSE_DETECTED = "session.reuse_detected"
    SESSION_STARTED = "session.started"
