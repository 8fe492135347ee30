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
        "What the provider or the phone says of a person was sealed anew.",
        "`changed`: which of it, never the values; `index` if only the index key was another",
    ),
    AuditKind.ACCOUNT_ERASED: (
        "A person was erased (GDPR art. 17).",
        "`erasure_id`; `origin`: who asked; of an operator, who and why",
    ),
    AuditKind.ACCOUNT_EXPORTED: (
        "A person got all that is held about them (GDPR art. 15, 20).",
        "`part`: which part of it",
    ),
    AuditKind.ACCOUNT_REINSTATED: ("A suspended person may act again.", ""),
    AuditKind.ACCOUNT_SUSPENDED: ("A person may not act any more; their sessions ended.", ""),
    AuditKind.AUDIT_JOINED: (
        "A restored database's record was about to be joined with its anchored seals.",
        "`last_seal` that was brought back; `events_lost`, known by such seals only",
    ),
    AuditKind.BIOMETRIC_KEY_REGISTERED: (
        "A phone's hardware key was registered.",
        "`registration_id`",
    ),
    AuditKind.BIOMETRIC_KEY_REMOVED: ("A phone's hardware key was removed.", "`registration_id`"),
    AuditKind.CONSENT_GRANTED: ("A person agreed to a document.", "`document`, `version`"),
    AuditKind.CONSENT_REFUSED: ("A person refused a document.", "`document`, `version`"),
    AuditKind.CONSENT_SUPERSEDED: (
        "An answer made way for one to another version.",
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
        "A provider told what became of the account at its side; what followed is recorded beside it.",
        "`provider`; `notice`: its word for it",
    ),
    AuditKind.IDENTITY_UNLINKED: (
        "A way to sign in was removed, by its person or since it is gone at its provider: a stranger's now.",
        "`provider`; `identity_id`",
    ),
    AuditKind.KEY_CREATED: ("A key of the service was made.", "`key`: its name"),
    AuditKind.KEY_RETIRED: (
        "A key of the service was withdrawn: nothing is accepted any more that it made.",
        "`key`: its name; `actor`: who, and `reason`: why, in plain words",
    ),
    AuditKind.KEY_REWRAPPED: (
        "A key of the service was wrapped anew, by another KMS key.",
        "`key`: its name; `kms_key_id`: by which",
    ),
    AuditKind.OPERATOR_EMERGENCY_ACCESS: (
        "An operator did this in an emergency (45 CFR 164.312(a)(2)(ii)): to be examined afterwards.",
        _ORDER,
    ),
    AuditKind.OPERATOR_EXPORTED: (
        "An operator got all that is held about a person, to hand it to them.",
        _ORDER,
    ),
    AuditKind.OPERATOR_FOUND: (
        "An operator searched by e-mail address or provider subject; without a person, nobody was found.",
        _ORDER,
    ),
    AuditKind.OPERATOR_REINSTATED: (
        "An operator let a person act again, or found that they may.",
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
        "An operator suspended a person, or found that they are.",
        _ORDER,
    ),
    AuditKind.KEYS_REINDEXED: (
        "People were about to be indexed anew, by another index key.",
        "`version`: by which; `count`: how many at most",
    ),
    AuditKind.KEYS_REWRAPPED: (
        "People's data keys were about to be wrapped anew, by another KMS key.",
        "`kms_key_id`: by which; `count`: how many at most",
    ),
    AuditKind.KEYS_SWEPT: (
        "Data keys of people who never came to be were about to be deleted.",
        "`user_ids`: whose they would have been",
    ),
    AuditKind.REQUEST_REFUSED: (
        "Requests of a sort that attackers send were refused, or met what doesn't open: counts of a minute.",
        "`since`; `refused`: `route`, `code` and `count` of each",
    ),
    AuditKind.SERVICE_RESTORED: (
        "The database was found to be restored from a backup.",
        "`epoch`: its new position in the ledger",
    ),
    AuditKind.SESSION_ENDED: ("A session ended.", "`reason`: one of `session_end` in the schema"),
    AuditKind.SESSION_NEW_DEVICE: (
        "A person who had an account signed in on a device that was never seen with it, or was forgotten.",
        "`device_id`",
    ),
    AuditKind.SESSION_PRESENCE_PROVED: (
        "A phone's hardware key proved that its person was present; the session's tokens were renewed.",
        "",
    ),
    AuditKind.SESSION_REFRESHED: ("A session's tokens were renewed.", ""),
    AuditKind.SESSION_REUSE_DETECTED: (
        "A refresh token came again after it was rotated: the session ended (RFC 9700 s4.14.2).",
        "",
    ),
    AuditKind.SESSION_STARTED: ("A person signed in.", "`device_id`"),
    AuditKind.WEBHOOK_ENDPOINT_CHANGED: (
        "An operator added or removed a receiver of webhooks, or rotated its secret.",
        "`act`; `endpoint_id`; `actor`: who, and `reason`: why, in plain words",
    ),
    AuditKind.WEBHOOKS_ABANDONED: (
        "Events were tried for an endpoint as often as they are, in vain: counted for each run and endpoint.",
        "`endpoint_id`, `count`",
    ),
    AuditKind.WEBHOOKS_DELIVERED: (
        "Events were delivered to an endpoint: counted for each run and endpoint.",
        "`endpoint_id`, `count`",
    ),
}
