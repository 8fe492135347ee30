-- Everything that is held about a person, read part by part: a response stays bounded however long they have been
-- here, and what is appended later comes last, in a later part. What an export leaves out, and why, stands in
-- LEFT_OUT in tests/store/test_export_is_whole.py.

-- Return one part of what is held about a live session's person, once the request got its place, and record it: sent
-- twice, it is recorded twice. Of any other session only its state is returned.
CREATE FUNCTION @schema@.export_account(
    p_session_id uuid, p_part bigint, p_part_items bigint, p_proof_hash bytea, p_proof_expires_at timestamptz,
    p_bucket_index bytea, p_bucket_interval interval, p_bucket_window interval,
    p_now timestamptz, p_request_id text
) RETURNS TABLE (
    own @schema@.session_row, pages @schema@.export_pages, place_is_taken boolean, place_arrives_at timestamptz
) LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_generic_plan SET enable_seqscan = off
AS $body$
#variable_conflict use_column
DECLARE
    v_user_id uuid;
BEGIN
    PERFORM @schema@.use_proof(p_proof_hash, p_proof_expires_at);
    PERFORM @schema@.lock_person_of(p_session_id);
    SELECT found.* INTO own FROM @schema@.session_row AS found WHERE found.id = p_session_id;
    v_user_id := @schema@.acting_person(own, p_now);
    IF v_user_id IS NOT NULL THEN
        SELECT place.is_admitted, place.arrives_at INTO place_is_taken, place_arrives_at
        FROM @schema@.take_place(p_bucket_index, p_bucket_interval, p_bucket_window, p_now) AS place;
        IF place_is_taken THEN
            SELECT part.* INTO pages FROM @schema@.read_pages(v_user_id, p_part, p_part_items) AS part;
            PERFORM @schema@.write_audit(
                'account.exported', v_user_id, p_session_id, jsonb_build_object('part', p_part::text), p_now,
                p_request_id
            );
        END IF;
    END IF;
    RETURN NEXT;
END
$body$;

-- Return one part of each list that is held about a person, whoever asks. Operators may call it too, and it runs with
-- their rights.
CREATE FUNCTION @schema@.read_pages(p_user_id uuid, p_part bigint, p_part_items bigint)
RETURNS SETOF @schema@.export_pages LANGUAGE plpgsql AS $body$
DECLARE
    v_skipped bigint := (p_part - 1) * p_part_items;
BEGIN
    -- one statement, and so one moment
    RETURN QUERY
    SELECT
        person.status_changed_at,
        greatest(
            (SELECT count(*) FROM public.identities WHERE user_id = p_user_id),
            (SELECT count(*) FROM public.devices WHERE user_id = p_user_id),
            (SELECT count(*) FROM public.biometric_keys WHERE user_id = p_user_id),
            (SELECT count(*) FROM public.sessions WHERE user_id = p_user_id),
            (SELECT count(*) FROM public.consent_events WHERE user_id = p_user_id),
            (SELECT count(*) FROM public.audit_events WHERE user_id = p_user_id)
        ),
        (
            SELECT jsonb_agg(to_jsonb(line)) FROM (
                SELECT id, provider, subject, created_at
                FROM public.identities WHERE user_id = p_user_id
                ORDER BY created_at, id LIMIT p_part_items OFFSET v_skipped
            ) AS line
        ),
        (
            SELECT jsonb_agg(to_jsonb(line)) FROM (
                SELECT id, platform, description, created_at, last_seen_at
                FROM public.devices WHERE user_id = p_user_id
                ORDER BY created_at, id LIMIT p_part_items OFFSET v_skipped
            ) AS line
        ),
        (
            SELECT jsonb_agg(to_jsonb(line)) FROM (
                SELECT id, device_id, name, spki, created_at, last_used_at
                FROM public.biometric_keys WHERE user_id = p_user_id
                ORDER BY created_at, id LIMIT p_part_items OFFSET v_skipped
            ) AS line
        ),
        (
            SELECT jsonb_agg(to_jsonb(line)) FROM (
                SELECT id, device_id, client_id, generation, acr, amr, auth_time, created_at, rotated_at,
                    idle_expires_at, expires_at, ended_at, end_reason, jkt
                FROM public.sessions WHERE user_id = p_user_id
                ORDER BY created_at, id LIMIT p_part_items OFFSET v_skipped
            ) AS line
        ),
        (
            SELECT jsonb_agg(to_jsonb(line)) FROM (
                SELECT kind, version, locale, sha256, action, method, app_version, session_id, occurred_at
                FROM public.consent_events WHERE user_id = p_user_id
                -- an expression, so that no plan walks everybody's answers in their order
                ORDER BY id + 0 LIMIT p_part_items OFFSET v_skipped
            ) AS line
        ),
        (
            SELECT jsonb_agg(to_jsonb(line)) FROM (
                SELECT id, occurred_at, kind, session_id, request_id, details
                FROM public.audit_events WHERE user_id = p_user_id
                ORDER BY id LIMIT p_part_items OFFSET v_skipped
            ) AS line
        )
    FROM public.users AS person WHERE person.id = p_user_id;
END
$body$;
