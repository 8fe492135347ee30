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
