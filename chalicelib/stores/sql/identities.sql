-- A person's ways to sign in.

-- Return a session in any state, and of a live one the identities of its person, the first one first.
CREATE FUNCTION @schema@.list_identities(
    p_session_id uuid, p_proof_hash bytea, p_proof_expires_at timestamptz, p_now timestamptz
) RETURNS TABLE (own @schema@.session_row, identities jsonb) LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_generic_plan SET enable_seqscan = off
AS $body$
#variable_conflict use_column
DECLARE
    v_user_id uuid;
BEGIN
    PERFORM @schema@.use_proof(p_proof_hash, p_proof_expires_at);
    SELECT found.* INTO own FROM @schema@.session_row AS found WHERE found.id = p_session_id;
    v_user_id := @schema@.acting_person(own, p_now);
    identities := (
        SELECT jsonb_agg(
            jsonb_build_object(
                'id', identity.id, 'provider', identity.provider, 'linked_at', identity.created_at
            )
            ORDER BY identity.created_at, identity.id
        )
        FROM public.identities AS identity WHERE identity.user_id = v_user_id
    );
    RETURN NEXT;
END
$body$;

-- Let an identity sign in to the account of a live session too.
-- Outcomes: linked, now or before; in_use, by another person; full; wrong_platform, if the ID token is for other
-- platforms than the session's; nonce_used, or too old; token_used; index_keys_changed, as open_session says;
-- refused, if the session may not act for the person; limited. Only linked writes more than what is counted.
CREATE FUNCTION @schema@.link_identity(
    p_session_id uuid, p_user_id uuid, p_identity_id uuid, p_identities_max bigint,
    p_provider text, p_platforms text[], p_subject_indexes bytea[], p_email_index bytea, p_subject bytea,
    p_index_version bigint, p_index_versions bigint[],
    p_token_hash bytea, p_token_expires_at timestamptz, p_nonce_hash bytea, p_nonce_expires_at timestamptz,
    p_proof_hash bytea, p_proof_expires_at timestamptz,
    p_bucket_index bytea, p_bucket_interval interval, p_bucket_window interval,
    p_now timestamptz, p_request_id text
) RETURNS TABLE (
    outcome text, own @schema@.session_row, identity_id uuid, linked_at timestamptz,
    place_is_taken boolean, place_arrives_at timestamptz
) LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_generic_plan SET enable_seqscan = off
AS $body$
#variable_conflict use_column
DECLARE
    v_user_id uuid;
    v_owner_id uuid;
BEGIN
    PERFORM @schema@.use_proof(p_proof_hash, p_proof_expires_at);
    SELECT place.is_admitted, place.arrives_at INTO place_is_taken, place_arrives_at
    FROM @schema@.take_place(p_bucket_index, p_bucket_interval, p_bucket_window, p_now) AS place;
    IF NOT place_is_taken THEN
        outcome := 'limited';
        RETURN NEXT;
        RETURN;
    END IF;
    PERFORM @schema@.lock_subject(p_subject_indexes);  -- before the person, as create_account does
    PERFORM @schema@.lock_person_of(p_session_id);
    SELECT found.* INTO own FROM @schema@.session_row AS found WHERE found.id = p_session_id;
    v_user_id := @schema@.acting_person(own, p_now);
    SELECT found.identity_id, found.user_id, found.linked_at INTO identity_id, v_owner_id, linked_at
    FROM @schema@.find_identity(p_provider, p_subject_indexes) AS found;
    outcome := CASE
        WHEN v_user_id IS DISTINCT FROM p_user_id THEN 'refused'  -- what is sealed, is sealed for the person
        WHEN own.device_platform <> ALL (p_platforms) THEN 'wrong_platform'
        WHEN NOT @schema@.knows_index_keys(p_index_version, p_index_versions) THEN 'index_keys_changed'
        WHEN v_owner_id <> v_user_id THEN 'in_use'
        WHEN v_owner_id IS NOT NULL THEN 'linked'
        WHEN p_nonce_expires_at <= p_now OR EXISTS (
            SELECT FROM public.challenges WHERE nonce_hash = p_nonce_hash
        ) THEN 'nonce_used'
        WHEN EXISTS (SELECT FROM public.used_id_tokens WHERE token_hash = p_token_hash) THEN 'token_used'
        WHEN (SELECT count(*) FROM public.identities WHERE user_id = v_user_id) >= p_identities_max THEN 'full'
        WHEN NOT @schema@.use_nonce(p_nonce_hash, p_nonce_expires_at, p_now) THEN 'nonce_used'
    END;
    IF outcome IS NULL THEN
        outcome := 'linked';
        identity_id := p_identity_id;
        -- after all others, whatever clocks say: the profile is what the first one tells (F-16)
        linked_at := greatest(p_now, (
            SELECT max(created_at) + interval '1 microsecond' FROM public.identities WHERE user_id = v_user_id
        ));
        INSERT INTO public.used_id_tokens (token_hash, used_at, expires_at)  -- no session: no retry of a sign-in
        VALUES (p_token_hash, p_now, p_token_expires_at)
        ON CONFLICT DO NOTHING;
        IF NOT FOUND THEN  -- by another request, just now; when this is sent again, it finds the token used
            RAISE EXCEPTION 'the ID token is used at this moment' USING ERRCODE = 'serialization_failure';
        END IF;
        INSERT INTO public.identities
            (id, user_id, provider, subject_index, email_index, index_version, subject, created_at)
        VALUES (
            p_identity_id, v_user_id, p_provider, p_subject_indexes[1], p_email_index,
            p_index_version, p_subject, linked_at
        )
        ON CONFLICT (provider, subject_index) DO NOTHING;
        IF NOT FOUND THEN  -- by a release that takes no lock; when this is sent again, it finds the identity
            RAISE EXCEPTION 'somebody else was faster' USING ERRCODE = 'serialization_failure';
        END IF;
        PERFORM @schema@.write_audit(
            'identity.linked', v_user_id, p_session_id,
            jsonb_build_object('provider', p_provider, 'identity_id', p_identity_id), p_now, p_request_id
        );
    END IF;
    RETURN NEXT;
END
$body$;

-- Let an identity sign in to the account of a live session no more; what the provider must be told of it is moved
-- aside. Outcomes: unlinked, and whether anything was moved aside; last, if it is the only one; unknown, if it isn't
-- this person's; refused, if the session may not act.
CREATE FUNCTION @schema@.unlink_identity(
    p_session_id uuid, p_identity_id uuid, p_proof_hash bytea, p_proof_expires_at timestamptz,
    p_now timestamptz, p_request_id text
) RETURNS TABLE (outcome text, own @schema@.session_row, is_revocable boolean) LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_generic_plan SET enable_seqscan = off
AS $body$
#variable_conflict use_column
DECLARE
    v_user_id uuid;
    v_identity record;
BEGIN
    PERFORM @schema@.use_proof(p_proof_hash, p_proof_expires_at);
    PERFORM @schema@.lock_person_of(p_session_id);
    SELECT found.* INTO own FROM @schema@.session_row AS found WHERE found.id = p_session_id;
    v_user_id := @schema@.acting_person(own, p_now);
    outcome := CASE
        WHEN v_user_id IS NULL THEN 'refused'
        WHEN NOT EXISTS (
            SELECT FROM public.identities WHERE id = p_identity_id AND user_id = v_user_id
        ) THEN 'unknown'
        WHEN NOT EXISTS (
            SELECT FROM public.identities WHERE user_id = v_user_id AND id <> p_identity_id
        ) THEN 'last'
        ELSE 'unlinked'
    END;
    is_revocable := false;
    IF outcome = 'unlinked' THEN
        DELETE FROM public.identities WHERE id = p_identity_id
        RETURNING provider, refresh_token INTO v_identity;
        is_revocable := v_identity.refresh_token IS NOT NULL;
        IF is_revocable THEN
            INSERT INTO public.revocations (identity_id, user_id, refresh_token, ended_at)
            VALUES (p_identity_id, v_user_id, v_identity.refresh_token, p_now);
        END IF;
        PERFORM @schema@.write_audit(
            'identity.unlinked', v_user_id, p_session_id,
            jsonb_build_object('provider', v_identity.provider, 'identity_id', p_identity_id), p_now, p_request_id
        );
    END IF;
    RETURN NEXT;
END
$body$;

-- Return an identity under whichever index it is stored, and its person; nulls if there is none. Each index is looked
-- up by itself: with `= ANY`, a plan could read all identities of the provider.
CREATE FUNCTION @schema@.find_identity(
    p_provider text, p_subject_indexes bytea[], OUT identity_id uuid, OUT user_id uuid, OUT linked_at timestamptz
) LANGUAGE plpgsql AS $body$
#variable_conflict use_column
DECLARE
    v_subject_index bytea;
BEGIN
    FOREACH v_subject_index IN ARRAY p_subject_indexes LOOP
        SELECT identity.id, identity.user_id, identity.created_at INTO identity_id, user_id, linked_at
        FROM public.identities AS identity
        WHERE identity.provider = p_provider AND identity.subject_index = v_subject_index;
        EXIT WHEN FOUND;
    END LOOP;
END
$body$;
