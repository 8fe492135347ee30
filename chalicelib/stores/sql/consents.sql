-- Documents, and what people answered.

-- Return where a person stands on each document that is current: an array of objects.
CREATE FUNCTION @schema@.consent_states(p_user_id uuid, p_locale text, p_now timestamptz)
RETURNS jsonb LANGUAGE plpgsql AS $body$
BEGIN
    RETURN (
        SELECT jsonb_agg(jsonb_build_object(
            'document', current.kind,
            'version', current.version,
            'locale', current.locale,
            'sha256', current.sha256,
            'required', current.required,
            'granted_version', granted.version,
            -- null for a grant of the current version; another ends when the version after it takes full effect.
            -- A version that isn't known here, or took effect when the current one did, ends with that one.
            'granted_until', CASE WHEN granted.version <> current.version THEN coalesce(
                (
                    SELECT min(newer.effective_at + newer.grace)
                    FROM public.consent_documents AS older
                    JOIN public.consent_documents AS newer
                        ON newer.kind = older.kind AND newer.locale = older.locale
                    WHERE older.kind = current.kind AND older.version = granted.version
                        AND older.locale = current.locale
                        AND newer.effective_at > older.effective_at AND newer.effective_at <= p_now
                ),
                current.grace_ends_at
            ) END
        ))
        FROM (
            SELECT DISTINCT ON (document.kind)
                document.kind, document.version, document.locale, document.sha256, document.required,
                document.effective_at + document.grace AS grace_ends_at
            FROM public.consent_documents AS document
            WHERE document.locale = p_locale AND document.effective_at <= p_now
            ORDER BY document.kind, document.effective_at DESC, document.version DESC
        ) AS current
        LEFT JOIN LATERAL (
            SELECT answer.version, answer.action FROM public.consent_events AS answer
            WHERE answer.user_id = p_user_id AND answer.kind = current.kind AND answer.action <> 'superseded'
            ORDER BY answer.id DESC LIMIT 1
        ) AS latest ON true
        LEFT JOIN LATERAL (SELECT latest.version WHERE latest.action = 'granted') AS granted ON true
    );
END
$body$;
