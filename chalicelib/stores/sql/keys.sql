-- The service's own keys. Jobs make and retire them; requests read them.

-- Return all keys, each kind the oldest first, every secret half wrapped; a row has either a signing key or a secret.
CREATE FUNCTION @schema@.list_keys()
RETURNS TABLE (signing @schema@.signing_key_row, service @schema@.service_key_row) LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_generic_plan SET enable_seqscan = off
AS $body$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT found, NULL::@schema@.service_key_row FROM @schema@.signing_key_row AS found
    ORDER BY found.activates_at, found.kid;
    RETURN QUERY
    SELECT NULL::@schema@.signing_key_row, found FROM @schema@.service_key_row AS found
    ORDER BY found.use::public.service_key_use, found.version;
END
$body$;
