-- The audit record: no record, no act.

CREATE FUNCTION @schema@.write_audit(
    p_kind text, p_user_id uuid, p_session_id uuid, p_details jsonb, p_now timestamptz, p_request_id text
) RETURNS void LANGUAGE plpgsql AS $body$
BEGIN
    INSERT INTO public.audit_events (occurred_at, kind, user_id, session_id, request_id, details)
    VALUES (p_now, p_kind, p_user_id, p_session_id, p_request_id, p_details);
END
$body$;
