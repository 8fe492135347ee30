-- The published texts, as requests read them. Only a release adds one.

-- Return the texts in force in one language, by kind: of each, the version that took effect last.
CREATE FUNCTION @schema@.list_documents(p_locale text, p_now timestamptz) RETURNS TABLE (
    kind text, version text, locale text, title text, sha256 text, legal_basis text, required boolean, purpose text,
    effective_at timestamptz, grace interval, changes text, body text
) LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_generic_plan SET enable_seqscan = off
AS $body$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT DISTINCT ON (document.kind)
        document.kind::text, document.version::text, document.locale::text, document.title::text,
        document.sha256::text, document.legal_basis::text, document.required, document.purpose::text,
        document.effective_at, document.grace, document.changes::text, document.body::text
    FROM public.consent_documents AS document
    WHERE document.locale = p_locale AND document.effective_at <= p_now
    ORDER BY document.kind, document.effective_at DESC, document.version DESC;
END
$body$;

-- Return the languages in which something required is in force.
CREATE FUNCTION @schema@.list_languages(p_now timestamptz) RETURNS TABLE (locale text) LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_generic_plan SET enable_seqscan = off
AS $body$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT DISTINCT document.locale::text FROM public.consent_documents AS document
    WHERE document.required AND document.effective_at <= p_now;
END
$body$;
