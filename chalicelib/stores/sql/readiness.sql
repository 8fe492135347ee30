-- Whether this database can serve.

-- Return the migration that was applied last.
CREATE FUNCTION @schema@.find_revision() RETURNS TABLE (revision text)
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_generic_plan SET enable_seqscan = off
AS $body$
#variable_conflict use_column
BEGIN
    RETURN QUERY SELECT version_num::text FROM public.alembic_version;
END
$body$;

-- Return how far this database is; no row, and nothing is ready, before the migrations ran.
CREATE FUNCTION @schema@.find_position() RETURNS TABLE (lineage uuid, epoch bigint)
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_generic_plan SET enable_seqscan = off
AS $body$
#variable_conflict use_column
BEGIN
    RETURN QUERY SELECT found.lineage, found.epoch FROM public.database_position AS found;
END
$body$;
