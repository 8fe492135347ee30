-- What providers let us do in a person's name, until it is revoked.

-- Return the grants of a person's identities that ended.
CREATE FUNCTION @schema@.list_ended_grants(p_user_id uuid)
RETURNS SETOF @schema@.ended_grant_row LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_generic_plan SET enable_seqscan = off
AS $body$
#variable_conflict use_column
BEGIN
    RETURN QUERY SELECT found.* FROM @schema@.ended_grant_row AS found WHERE found.user_id = p_user_id;
END
$body$;

-- Forget a grant that was handed over. Return whether it was there.
CREATE FUNCTION @schema@.forget_grant(p_identity_id uuid)
RETURNS TABLE (is_forgotten boolean) LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_generic_plan SET enable_seqscan = off
AS $body$
#variable_conflict use_column
BEGIN
    DELETE FROM public.revocations WHERE identity_id = p_identity_id;
    is_forgotten := FOUND;
    RETURN NEXT;
END
$body$;
