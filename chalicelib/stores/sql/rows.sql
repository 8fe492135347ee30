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
    device.id AS device_id,
    device.platform::text AS device_platform,
    device.description AS device_description,
    device.description_digest AS device_digest,
    device.created_at AS device_seen_at,
    person.status::text AS user_status,
    person.created_at AS user_created_at,
    person.key_version AS user_key_version,
    person.profile AS user_profile,
    person.profile_digest AS user_profile_digest,
    person.chosen AS user_chosen
FROM public.sessions AS session
JOIN public.devices AS device ON device.id = session.device_id
JOIN public.users AS person ON person.id = session.user_id;
