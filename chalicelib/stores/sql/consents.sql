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
            'granted_version', CASE WHEN latest.action = 'granted' THEN latest.version END,
            -- null for a grant of the current version
            'granted_until', CASE WHEN latest.action = 'granted' AND latest.version <> current.version THEN
                coalesce(
                    @schema@.grant_expires_at(current.kind, latest.version, p_locale, p_now),
                    current.grace_ends_at
                )
            END
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
    );
END
$body$;

-- Return when a grant of a version ends: the version after it takes full effect then. Null for a version that isn't
-- known here, or took effect when the current one did; such a grant ends with the current version's effect.
CREATE FUNCTION @schema@.grant_expires_at(p_kind text, p_version text, p_locale text, p_now timestamptz)
RETURNS timestamptz LANGUAGE plpgsql AS $body$
BEGIN
    RETURN (
        SELECT min(newer.effective_at + newer.grace)
        FROM public.consent_documents AS older
        JOIN public.consent_documents AS newer ON newer.kind = older.kind AND newer.locale = older.locale
        WHERE older.kind = p_kind AND older.version = p_version AND older.locale = p_locale
            AND newer.effective_at > older.effective_at AND newer.effective_at <= p_now
    );
END
$body$;

-- Tell whether answers, a JSON array, name only documents that are current, each at its version, and grant all that
-- is required of these (consent_states). Where no document is required nobody can agree to any.
CREATE FUNCTION @schema@.agree_to_all(p_answers text, p_states jsonb)
RETURNS boolean LANGUAGE plpgsql AS $body$
BEGIN
    RETURN (
        SELECT bool_or(state.required)
            AND bool_and(NOT state.required OR coalesce(answer.action = 'granted', false))
            AND count(DISTINCT answer.document) = jsonb_array_length(p_answers::jsonb)
        FROM jsonb_to_recordset(p_states) AS state (document text, version text, required boolean)
        LEFT JOIN jsonb_to_recordset(p_answers::jsonb) AS answer (document text, version text, action text)
            ON answer.document = state.document AND answer.version = state.version
    ) IS TRUE;
END
$body$;

-- Tell whether each of a person's answers, a JSON array, is a grant that stands already (consent_states).
CREATE FUNCTION @schema@.answers_stand(p_answers text, p_states jsonb)
RETURNS boolean LANGUAGE plpgsql AS $body$
BEGIN
    RETURN p_answers = '[]' OR NOT EXISTS (
        SELECT FROM jsonb_array_elements(p_answers::jsonb) AS answer
        WHERE answer ->> 'action' <> 'granted' OR NOT p_states @> jsonb_build_array(jsonb_build_object(
            'document', answer -> 'document',
            'version', answer -> 'version',
            'granted_version', answer -> 'version'
        ))
    );
END
$body$;

-- Append a person's answers, a JSON array, to documents that are current; not what stands already, nor what names
-- another version. What an answer replaces is appended before it: the order of ids is the order of history.
CREATE FUNCTION @schema@.record_answers(
    p_user_id uuid, p_session_id uuid, p_answers text, p_app_version text, p_locale text, p_now timestamptz,
    p_request_id text
) RETURNS void LANGUAGE plpgsql AS $body$
BEGIN
    WITH change AS MATERIALIZED (
        SELECT shown.kind, shown.version, shown.locale, shown.sha256, answer.action, answer.method,
            latest.version AS old_version, latest.locale AS old_locale, latest.sha256 AS old_sha256,
            latest.action = 'granted' AND latest.version <> answer.version AS is_replacing
        FROM jsonb_to_recordset(p_answers::jsonb) AS answer (
            document text, version text, action public.consent_action, method text, shown_in text
        )
        JOIN public.consent_documents AS shown
            ON shown.kind = answer.document AND shown.version = answer.version AND shown.locale = answer.shown_in
        LEFT JOIN LATERAL (
            SELECT earlier.version, earlier.locale, earlier.sha256, earlier.action
            FROM public.consent_events AS earlier
            WHERE earlier.user_id = p_user_id AND earlier.kind = shown.kind AND earlier.action <> 'superseded'
            ORDER BY earlier.id DESC LIMIT 1
        ) AS latest ON true
        WHERE (latest.version = answer.version AND latest.action = answer.action) IS NOT TRUE
            AND answer.version = (
                SELECT document.version FROM public.consent_documents AS document
                WHERE document.kind = answer.document AND document.locale = p_locale
                    AND document.effective_at <= p_now
                ORDER BY document.effective_at DESC, document.version DESC LIMIT 1
            )
    ), event AS (
        SELECT 0 AS place, kind, old_version AS version, old_locale AS locale, old_sha256 AS sha256,
            'superseded'::public.consent_action AS action, method
        FROM change WHERE is_replacing
        UNION ALL
        SELECT 1, kind, version, locale, sha256, action, method FROM change
    ), appended AS (
        INSERT INTO public.consent_events
            (user_id, kind, version, locale, sha256, action, method, app_version, session_id, occurred_at)
        SELECT p_user_id, kind, version, locale, sha256, action, method, p_app_version, p_session_id, p_now
        FROM event ORDER BY place, kind
        RETURNING id, kind, version, action
    )
    INSERT INTO public.audit_events (occurred_at, kind, user_id, session_id, request_id, details)
    SELECT p_now, 'consent.' || action::text, p_user_id, p_session_id, p_request_id,
        jsonb_build_object('document', kind, 'version', version)
    FROM appended ORDER BY id;
END
$body$;

-- Append the answers of a person who has given none, all of which fit what is current (agree_to_all).
CREATE FUNCTION @schema@.record_first_answers(
    p_user_id uuid, p_session_id uuid, p_answers text, p_app_version text, p_now timestamptz, p_request_id text
) RETURNS void LANGUAGE plpgsql AS $body$
BEGIN
    WITH appended AS (
        INSERT INTO public.consent_events
            (user_id, kind, version, locale, sha256, action, method, app_version, session_id, occurred_at)
        SELECT p_user_id, shown.kind, shown.version, shown.locale, shown.sha256, answer.action, answer.method,
            p_app_version, p_session_id, p_now
        FROM jsonb_to_recordset(p_answers::jsonb) AS answer (
            document text, version text, action public.consent_action, method text, shown_in text
        )
        JOIN public.consent_documents AS shown
            ON shown.kind = answer.document AND shown.version = answer.version AND shown.locale = answer.shown_in
        ORDER BY shown.kind
        RETURNING id, kind, version, action
    )
    INSERT INTO public.audit_events (occurred_at, kind, user_id, session_id, request_id, details)
    SELECT p_now, 'consent.' || action::text, p_user_id, p_session_id, p_request_id,
        jsonb_build_object('document', kind, 'version', version)
    FROM appended ORDER BY id;
END
$body$;

-- Tell whether answers, a JSON array, name only documents that are current (consent_states), none twice, each at its
-- version.
CREATE FUNCTION @schema@.answers_fit(p_answers text, p_states jsonb)
RETURNS boolean LANGUAGE plpgsql AS $body$
BEGIN
    RETURN jsonb_array_length(p_answers::jsonb) = (
        SELECT count(DISTINCT answer.document)
        FROM jsonb_to_recordset(p_answers::jsonb) AS answer (document text, version text)
        JOIN jsonb_to_recordset(p_states) AS state (document text, version text)
            ON state.document = answer.document AND state.version = answer.version
    );
END
$body$;

-- Append answers of a live session's person, if all of them fit. Return the session, in any state, and where the
-- person stood before. The person's row is locked, so that doing it twice is doing it once.
CREATE FUNCTION @schema@.answer_consents(
    p_session_id uuid, p_answers text, p_app_version text, p_locale text,
    p_proof_hash bytea, p_proof_expires_at timestamptz, p_now timestamptz, p_request_id text
) RETURNS TABLE (own @schema@.session_row, states jsonb) LANGUAGE plpgsql SECURITY DEFINER
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
    states := @schema@.consent_states(own.user_id, p_locale, p_now);
    IF v_user_id IS NOT NULL AND @schema@.answers_fit(p_answers, states) THEN
        PERFORM @schema@.record_answers(
            v_user_id, p_session_id, p_answers, p_app_version, p_locale, p_now, p_request_id
        );
    END IF;
    RETURN NEXT;
END
$body$;

-- Append the withdrawal of a document that a live session's person granted, whatever its version. Return the session,
-- in any state, and where the person stood before.
CREATE FUNCTION @schema@.withdraw_consent(
    p_session_id uuid, p_document text, p_method text, p_app_version text, p_locale text,
    p_proof_hash bytea, p_proof_expires_at timestamptz, p_now timestamptz, p_request_id text
) RETURNS TABLE (own @schema@.session_row, states jsonb) LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_generic_plan SET enable_seqscan = off
AS $body$
#variable_conflict use_column
DECLARE
    v_user_id uuid;
    v_latest record;
BEGIN
    PERFORM @schema@.use_proof(p_proof_hash, p_proof_expires_at);
    PERFORM @schema@.lock_person_of(p_session_id);
    SELECT found.* INTO own FROM @schema@.session_row AS found WHERE found.id = p_session_id;
    v_user_id := @schema@.acting_person(own, p_now);
    states := @schema@.consent_states(own.user_id, p_locale, p_now);
    SELECT event.version, event.locale, event.sha256, event.action INTO v_latest
    FROM public.consent_events AS event
    WHERE event.user_id = v_user_id AND event.kind = p_document AND event.action <> 'superseded'
    ORDER BY event.id DESC LIMIT 1;
    IF v_latest.action = 'granted' THEN
        INSERT INTO public.consent_events
            (user_id, kind, version, locale, sha256, action, method, app_version, session_id, occurred_at)
        VALUES (
            v_user_id, p_document, v_latest.version, v_latest.locale, v_latest.sha256, 'withdrawn', p_method,
            p_app_version, p_session_id, p_now
        );
        PERFORM @schema@.write_audit(
            'consent.withdrawn', v_user_id, p_session_id,
            jsonb_build_object('document', p_document, 'version', v_latest.version), p_now, p_request_id
        );
    END IF;
    RETURN NEXT;
END
$body$;

-- Return a session in any state, with where its person stands; and of a live one every answer of theirs, the first
-- first, with what its text says of itself.
CREATE FUNCTION @schema@.read_consents(
    p_session_id uuid, p_locale text, p_proof_hash bytea, p_proof_expires_at timestamptz, p_now timestamptz
) RETURNS TABLE (own @schema@.session_row, states jsonb, history jsonb) LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_generic_plan SET enable_seqscan = off
AS $body$
#variable_conflict use_column
DECLARE
    v_user_id uuid;
BEGIN
    PERFORM @schema@.use_proof(p_proof_hash, p_proof_expires_at);
    SELECT found.* INTO own FROM @schema@.session_row AS found WHERE found.id = p_session_id;
    v_user_id := @schema@.acting_person(own, p_now);
    states := @schema@.consent_states(own.user_id, p_locale, p_now);
    history := (
        SELECT jsonb_agg(to_jsonb(line)) FROM (
            SELECT event.kind, event.version, event.locale, event.sha256, event.action, event.method,
                event.app_version, event.session_id, event.occurred_at, shown.purpose, shown.legal_basis
            FROM public.consent_events AS event
            CROSS JOIN LATERAL (
                SELECT document.purpose, document.legal_basis FROM public.consent_documents AS document
                WHERE document.kind = event.kind AND document.version = event.version
                    AND document.locale = event.locale
                OFFSET 0
            ) AS shown
            WHERE event.user_id = v_user_id
            ORDER BY event.id + 0  -- an expression, so that no plan walks everybody's answers in their order
        ) AS line
    );
    RETURN NEXT;
END
$body$;
