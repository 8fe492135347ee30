-- A person's own account.

-- Replace what the person of a live session chose, if it is still what was read before. Return whether it was, and
-- the session, in any state, with its person as they are now.
CREATE FUNCTION @schema@.choose(
    p_session_id uuid, p_chosen_before bytea, p_chosen bytea, p_changed text, p_now timestamptz, p_request_id text
) RETURNS TABLE (is_chosen boolean, own @schema@.session_row) LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_generic_plan SET enable_seqscan = off
AS $body$
#variable_conflict use_column
DECLARE
    v_user_id uuid;
BEGIN
    PERFORM @schema@.lock_person_of(p_session_id);
    SELECT found.* INTO own FROM @schema@.session_row AS found WHERE found.id = p_session_id;
    v_user_id := @schema@.acting_person(own, p_now);
    UPDATE public.users SET chosen = p_chosen
    WHERE id = v_user_id AND chosen IS NOT DISTINCT FROM p_chosen_before;
    is_chosen := FOUND;
    IF is_chosen THEN
        PERFORM @schema@.write_audit(
            'account.changed', v_user_id, p_session_id, jsonb_build_object('changed', p_changed), p_now, p_request_id
        );
        own.user_chosen := p_chosen;
    END IF;
    RETURN NEXT;
END
$body$;

-- Tell whether a person is erased by now, whatever was read of them a moment ago.
CREATE FUNCTION @schema@.find_erased(p_user_id uuid) RETURNS TABLE (is_erased boolean) LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_generic_plan SET enable_seqscan = off
AS $body$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT NOT EXISTS (SELECT FROM public.users WHERE id = p_user_id AND status <> 'erased');
END
$body$;
