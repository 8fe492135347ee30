-- What is sealed of people, sealed anew.

-- Replace what is sealed of an active person, and index it: their profile, a device, a session's copy. Does nothing
-- to whom a newer index key has indexed: the next sign-in notices again.
CREATE FUNCTION @schema@.renew_personal_data(
    p_user_id uuid, p_profile bytea, p_profile_digest bytea,
    p_subject_indexes bytea[], p_email_index bytea, p_index_version bigint,
    p_device_id uuid, p_device_description bytea, p_device_digest bytea,
    p_session_id uuid, p_session_profile bytea, p_copy_digest bytea,
    p_changed text, p_now timestamptz, p_request_id text
) RETURNS TABLE (is_renewed boolean) LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_generic_plan SET enable_seqscan = off
AS $body$
#variable_conflict use_column
BEGIN
    UPDATE public.users
    SET profile = p_profile, profile_digest = p_profile_digest, index_version = p_index_version
    WHERE id = p_user_id AND status = 'active' AND index_version <= p_index_version;
    is_renewed := FOUND;
    IF is_renewed THEN
        UPDATE public.identities
        SET subject_index = p_subject_indexes[1], email_index = p_email_index, index_version = p_index_version
        WHERE user_id = p_user_id AND subject_index = ANY (p_subject_indexes);
        UPDATE public.devices
        SET description = p_device_description, description_digest = p_device_digest
        WHERE id = p_device_id AND user_id = p_user_id;
        UPDATE public.sessions SET profile = p_session_profile, profile_digest = p_copy_digest
        WHERE id = p_session_id AND user_id = p_user_id AND ended_at IS NULL;
        PERFORM @schema@.write_audit(
            'account.data_renewed', p_user_id, p_session_id, jsonb_build_object('changed', p_changed), p_now,
            p_request_id
        );
    END IF;
    RETURN NEXT;
END
$body$;

-- Replace a session's own copy of the profile with a current one.
CREATE FUNCTION @schema@.renew_session_copy(p_session_id uuid, p_session_profile bytea, p_copy_digest bytea)
RETURNS TABLE (is_renewed boolean) LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_generic_plan SET enable_seqscan = off
AS $body$
#variable_conflict use_column
BEGIN
    UPDATE public.sessions SET profile = p_session_profile, profile_digest = p_copy_digest
    WHERE id = p_session_id AND ended_at IS NULL;
    is_renewed := FOUND;
    RETURN NEXT;
END
$body$;
