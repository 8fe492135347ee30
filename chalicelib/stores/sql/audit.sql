-- The audit record: no record, no act.

CREATE FUNCTION @schema@.write_audit(
    p_kind text, p_user_id uuid, p_session_id uuid, p_details jsonb, p_now timestamptz, p_request_id text
) RETURNS void LANGUAGE plpgsql AS $body$
BEGIN
    INSERT INTO public.audit_events (occurred_at, kind, user_id, session_id, request_id, details)
    VALUES (p_now, p_kind, p_user_id, p_session_id, p_request_id, p_details);
END
$body$;

-- Record what a container refused in a while, counted; nobody's act and nobody's session.
CREATE FUNCTION @schema@.record_refusals(p_details text, p_now timestamptz, p_request_id text)
RETURNS TABLE (outcome text) LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_generic_plan SET enable_seqscan = off
AS $body$
#variable_conflict use_column
BEGIN
    PERFORM @schema@.write_audit('request.refused', NULL, NULL, p_details::jsonb, p_now, p_request_id);
    outcome := 'recorded';
    RETURN NEXT;
END
$body$;
