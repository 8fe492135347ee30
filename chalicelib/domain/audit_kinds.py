"""What each kind of audit event means, and what its details hold; `docs/audit.md` is written from it."""

from chalicelib.domain.audit import AuditKind

_ORDER = "`act`; `actor`: who, and `reason`: why, in plain words"

MEANINGS = {
    AuditKind.ACCOUNT_CHANGED: (
        "A person changed what they chose: name, language or time zone.",
        "`changed`: which of it, never the values",
    ),
    AuditKind.ACCOUNT_CREATED: ("A person signed in for the first time.", ""),
    AuditKind.ACCOUNT_DATA_RENEWED: (
        "What the provider or the phone says about a person changed and was encrypted again.",
        "`changed`: which of it, never the values; `index` if only the index key changed",
    ),
    AuditKind.ACCOUNT_ERASED: (
        "A person was erased (GDPR art. 17).",
        "`erasure_id`; `origin`: who requested it; for an operator, who and why",
    ),
    AuditKind.ACCOUNT_EXPORTED: (
        "A person exported everything that is held about them (GDPR art. 15, 20).",
        "`part`: which part of it",
    ),
    AuditKind.ACCOUNT_REINSTATED: ("A suspended person may act again.", ""),
    AuditKind.ACCOUNT_SUSPENDED: ("A person may not act any more; their sessions ended.", ""),
    AuditKind.AUDIT_JOINED: (
        "The record of a restored database was about to be continued with the checkpoints in S3.",
        "`last_seal`: the last checkpoint taken from S3; `events_lost`: how many events are gone",
    ),
    AuditKind.BIOMETRIC_KEY_REGISTERED: (
        "A device key was registered.",
        "`registration_id`",
    ),
    AuditKind.BIOMETRIC_KEY_REMOVED: ("A device key was removed.", "`registration_id`"),
    AuditKind.CONSENT_GRANTED: ("A person agreed to a document.", "`document`, `version`"),
    AuditKind.CONSENT_REFUSED: ("A person refused a document.", "`document`, `version`"),
    AuditKind.CONSENT_SUPERSEDED: (
        "An answer was replaced by one to another version.",
        "`document`, `version` of the earlier one",
    ),
    AuditKind.CONSENT_WITHDRAWN: (
        "A person withdrew their consent (GDPR art. 7(3)).",
        "`document`, `version`",
    ),
    AuditKind.DOCUMENT_PUBLISHED: (
        "A consent text was published.",
        "what it is: document, version, language, hash",
    ),
    AuditKind.IDENTITY_LINKED: (
        "A person added a way to sign in.",
        "`provider`; `identity_id`",
    ),
    AuditKind.IDENTITY_NOTICED: (
        "A provider sent an event about the account on its side; the consequence has its own record.",
        "`provider`; `notice`: the event's name",
    ),
    AuditKind.IDENTITY_UNLINKED: (
        "A way to sign in was removed by its person, or because it no longer exists at its provider.",
        "`provider`; `identity_id`",
    ),
    AuditKind.KEY_CREATED: ("A key of the service was made.", "`key`: its name"),
    AuditKind.KEY_RETIRED: (
        "A key of the service was withdrawn. Nothing that it made is accepted any more.",
        "`key`: its name; `actor`: who, and `reason`: why, in plain words",
    ),
    AuditKind.KEY_REWRAPPED: (
        "A key of the service was wrapped again by another KMS key.",
        "`key`: its name; `kms_key_id`: the KMS key",
    ),
    AuditKind.OPERATOR_EMERGENCY_ACCESS: (
        "An operator did this in an emergency (45 CFR 164.312(a)(2)(ii)); it must be examined afterwards.",
        _ORDER,
    ),
    AuditKind.OPERATOR_EXPORTED: (
        "An operator exported everything that is held about a person, to give it to them.",
        _ORDER,
    ),
    AuditKind.OPERATOR_FOUND: (
        "An operator searched by e-mail address or provider subject. Without a person, nobody was found.",
        _ORDER,
    ),
    AuditKind.OPERATOR_REINSTATED: (
        "An operator reinstated a person, or found them active.",
        _ORDER,
    ),
    AuditKind.OPERATOR_REVEALED: (
        "An operator read a person's profile.",
        _ORDER,
    ),
    AuditKind.OPERATOR_SESSIONS_ENDED: (
        "An operator ended a person's sessions.",
        _ORDER,
    ),
    AuditKind.OPERATOR_SHOWN: (
        "An operator looked at how an account is used, without personal data.",
        _ORDER,
    ),
    AuditKind.OPERATOR_SUSPENDED: (
        "An operator suspended a person, or found them suspended.",
        _ORDER,
    ),
    AuditKind.KEYS_REINDEXED: (
        "People were about to be indexed again with another index key.",
        "`version` of the index key; `count`: how many at most",
    ),
    AuditKind.KEYS_REWRAPPED: (
        "People's data keys were about to be wrapped again by another KMS key.",
        "`kms_key_id`: the KMS key; `count`: how many at most",
    ),
    AuditKind.KEYS_SWEPT: (
        "Data keys without a person (of sign-ups that failed) were about to be deleted.",
        "`user_ids`: whose they would have been",
    ),
    AuditKind.REQUEST_REFUSED: (
        "Requests that an attacker might send were refused, or data didn't decrypt; counted for a minute.",
        "`since`; `refused`: `route`, `code` and `count` of each",
    ),
    AuditKind.SERVICE_RESTORED: (
        "The database was found to be restored from a backup.",
        "`epoch`: its new position in the ledger",
    ),
    AuditKind.SESSION_ENDED: ("A session ended.", "`reason`: one of `session_end` in the schema"),
    AuditKind.SESSION_NEW_DEVICE: (
        "A person with an account signed in on a device that is new to it, or was forgotten.",
        "`device_id`",
    ),
    AuditKind.SESSION_PRESENCE_PROVED: (
        "A device key proved that its person was present; the session's tokens were renewed.",
        "",
    ),
    AuditKind.SESSION_REFRESHED: ("A session's tokens were renewed.", ""),
    AuditKind.SESSION_REUSE_DETECTED: (
        "A refresh token was used again after its rotation, and the session ended (RFC 9700 s4.14.2).",
        "",
    ),
    AuditKind.SESSION_STARTED: ("A person signed in.", "`device_id`"),
    AuditKind.WEBHOOK_ENDPOINT_CHANGED: (
        "An operator added or removed a receiver of webhooks, or rotated its secret.",
        "`act`; `endpoint_id`; `actor`: who, and `reason`: why, in plain words",
    ),
    AuditKind.WEBHOOKS_ABANDONED: (
        "Events were given up for an endpoint after all retries; counted for each run and endpoint.",
        "`endpoint_id`, `count`",
    ),
    AuditKind.WEBHOOKS_DELIVERED: (
        "Events were delivered to an endpoint; counted for each run and endpoint.",
        "`endpoint_id`, `count`",
    ),
}
