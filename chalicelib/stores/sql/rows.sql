-- What several functions return. These views are made before any function, since functions name them as types.
-- A view lists its columns once, for all who return them, and keeps a migration from dropping a column or
-- changing its type while a release that reads it can still be rolled back to.

-- A session with its device and its person: SessionRow in chalicelib/stores/session_rows.py.
CREATE VIEW @schema@.session_row AS
SELECT
    session.id,
    session.user_id,
    session.client_id,
    session.generation,
    session.acr,
    session.amr,
    session.auth_time,
    session.created_at,
    session.rotated_at,
    session.idle_expires_at,
    session.expires_at,
    session.ended_at,
    session.end_reason::text AS end_reason,
    session.jkt,
    session.profile,
    session.profile_digest,
    device.*,
    person.*
FROM public.sessions AS session
CROSS JOIN LATERAL (  -- one row, looked up: OFFSET 0 keeps plans from joining
    SELECT
        id AS device_id,
        platform::text AS device_platform,
        description AS device_description,
        description_digest AS device_digest,
        created_at AS device_seen_at
    FROM public.devices WHERE id = session.device_id OFFSET 0
) AS device
CROSS JOIN LATERAL (
    SELECT
        status::text AS user_status,
        created_at AS user_created_at,
        key_version AS user_key_version,
        profile AS user_profile,
        profile_digest AS user_profile_digest,
        chosen AS user_chosen
    FROM public.users WHERE id = session.user_id OFFSET 0
) AS person;

-- A device key, as its person sees it: DeviceKeyJson in chalicelib/stores/device_keys.py.
CREATE VIEW @schema@.device_key AS
SELECT id, user_id, device_id, name, spki, created_at, last_used_at FROM public.biometric_keys;

-- One part of each list that is held about a person (export_pages): PagesRow in chalicelib/stores/export.py.
CREATE TYPE @schema@.export_pages AS (
    status_changed_at timestamptz,
    longest bigint,  -- how long the longest list is
    identities_page jsonb,
    devices_page jsonb,
    biometric_keys_page jsonb,
    sessions_page jsonb,
    consents_page jsonb,
    events_page jsonb
);

-- A key that signs tokens: SigningKeyRow in chalicelib/stores/keys.py.
CREATE VIEW @schema@.signing_key_row AS
SELECT
    kid,
    algorithm::text AS algorithm,
    public_jwk,
    wrapped_private,
    created_at,
    activates_at,
    expires_at,
    kms_key_id,
    retired_at
FROM public.signing_keys;

-- A version of a secret of the service: ServiceKeyRow in chalicelib/stores/keys.py.
CREATE VIEW @schema@.service_key_row AS
SELECT
    use::text AS use,
    version::bigint AS version,
    wrapped,
    created_at,
    activates_at,
    kms_key_id,
    retired_at
FROM public.service_keys;

-- An erasure: ErasureRow in chalicelib/stores/erasure.py.
CREATE VIEW @schema@.erasure_row AS
SELECT id, user_id, epoch, lineage, secret_hash, requested_at, completed_at FROM public.erasures;

-- A sealed refresh token of an identity that ended: EndedGrantRow in chalicelib/stores/provider_grants.py.
CREATE VIEW @schema@.ended_grant_row AS
SELECT identity_id, user_id, refresh_token FROM public.revocations;
