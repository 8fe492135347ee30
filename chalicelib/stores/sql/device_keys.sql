-- Keys in phones' secure hardware: registered, listed, removed, and what their proof of presence does.

-- Keep a device key for the person of a live session, on its device. Registering the same key again finds it.
-- Outcomes: registered, now or before, and the key; full, if the person has so many; challenge_used; refused, if the
-- session may not act for the person; limited.
CREATE FUNCTION @schema@.register_device_key(
    p_session_id uuid, p_user_id uuid, p_key_id uuid, p_keys_max bigint, p_spki bytea, p_name bytea,
    p_nonce_hash bytea, p_nonce_expires_at timestamptz,
    p_proof_hash bytea, p_proof_expires_at timestamptz,
    p_bucket_index bytea, p_bucket_interval interval, p_bucket_window interval,
    p_now timestamptz, p_request_id text
) RETURNS TABLE (
    outcome text, own @schema@.session_row, device_key jsonb, place_is_taken boolean, place_arrives_at timestamptz
) LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_generic_plan SET enable_seqscan = off
AS $body$
#variable_conflict use_column
DECLARE
    v_user_id uuid;
BEGIN
    PERFORM @schema@.use_proof(p_proof_hash, p_proof_expires_at);
    SELECT place.is_admitted, place.arrives_at INTO place_is_taken, place_arrives_at
    FROM @schema@.take_place(p_bucket_index, p_bucket_interval, p_bucket_window, p_now) AS place;
    IF NOT place_is_taken THEN
        outcome := 'limited';
        RETURN NEXT;
        RETURN;
    END IF;
    PERFORM @schema@.lock_person_of(p_session_id);
    SELECT found.* INTO own FROM @schema@.session_row AS found WHERE found.id = p_session_id;
    v_user_id := @schema@.acting_person(own, p_now);
    IF v_user_id IS DISTINCT FROM p_user_id THEN  -- the name is sealed for the person
        outcome := 'refused';
    ELSE
        outcome := CASE
            WHEN EXISTS (
                SELECT FROM public.biometric_keys WHERE user_id = v_user_id AND spki = p_spki
            ) THEN 'registered'
            WHEN (SELECT count(*) FROM public.biometric_keys WHERE user_id = v_user_id) >= p_keys_max THEN 'full'
            WHEN NOT @schema@.use_nonce(p_nonce_hash, p_nonce_expires_at, p_now) THEN 'challenge_used'
        END;
        IF outcome IS NULL THEN
            outcome := 'registered';
            INSERT INTO public.biometric_keys (id, user_id, device_id, spki, name, created_at)
            VALUES (p_key_id, v_user_id, own.device_id, p_spki, p_name, p_now);
            PERFORM @schema@.write_audit(
                'biometric_key.registered', v_user_id, p_session_id,
                jsonb_build_object('registration_id', p_key_id), p_now, p_request_id
            );
        END IF;
    END IF;
    IF outcome = 'registered' THEN
        SELECT to_jsonb(key) INTO device_key FROM @schema@.device_key AS key
        WHERE key.user_id = v_user_id AND key.spki = p_spki;
    END IF;
    RETURN NEXT;
END
$body$;

-- Return a session in any state, and of a live one the keys of its person, the oldest first.
CREATE FUNCTION @schema@.list_device_keys(
    p_session_id uuid, p_proof_hash bytea, p_proof_expires_at timestamptz, p_now timestamptz
) RETURNS TABLE (own @schema@.session_row, device_keys jsonb) LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_generic_plan SET enable_seqscan = off
AS $body$
#variable_conflict use_column
DECLARE
    v_user_id uuid;
BEGIN
    PERFORM @schema@.use_proof(p_proof_hash, p_proof_expires_at);
    SELECT found.* INTO own FROM @schema@.session_row AS found WHERE found.id = p_session_id;
    v_user_id := @schema@.acting_person(own, p_now);
    device_keys := (
        SELECT jsonb_agg(to_jsonb(key) ORDER BY key.created_at, key.id) FROM @schema@.device_key AS key
        WHERE key.user_id = v_user_id
    );
    RETURN NEXT;
END
$body$;

-- Forget a key of the acting session's person. Return the session, in any state, and whether there was one.
CREATE FUNCTION @schema@.remove_device_key(
    p_session_id uuid, p_key_id uuid, p_proof_hash bytea, p_proof_expires_at timestamptz,
    p_now timestamptz, p_request_id text
) RETURNS TABLE (own @schema@.session_row, is_known boolean) LANGUAGE plpgsql SECURITY DEFINER
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
    DELETE FROM public.biometric_keys WHERE id = p_key_id AND user_id = v_user_id;
    is_known := FOUND;
    IF is_known THEN
        PERFORM @schema@.write_audit(
            'biometric_key.removed', v_user_id, p_session_id, jsonb_build_object('registration_id', p_key_id),
            p_now, p_request_id
        );
    END IF;
    RETURN NEXT;
END
$body$;

-- Return the session that asks, in any state, once its request got its place; and the public half of a key, if it is
-- of the session's person and device.
CREATE FUNCTION @schema@.find_device_key(
    p_session_id uuid, p_key_id uuid, p_proof_hash bytea, p_proof_expires_at timestamptz,
    p_bucket_index bytea, p_bucket_interval interval, p_bucket_window interval, p_now timestamptz
) RETURNS TABLE (
    own @schema@.session_row, spki bytea, place_is_taken boolean, place_arrives_at timestamptz
) LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_generic_plan SET enable_seqscan = off
AS $body$
#variable_conflict use_column
BEGIN
    PERFORM @schema@.use_proof(p_proof_hash, p_proof_expires_at);
    SELECT place.is_admitted, place.arrives_at INTO place_is_taken, place_arrives_at
    FROM @schema@.take_place(p_bucket_index, p_bucket_interval, p_bucket_window, p_now) AS place;
    IF place_is_taken THEN
        SELECT found.* INTO own FROM @schema@.session_row AS found WHERE found.id = p_session_id;
        SELECT key.spki INTO spki FROM @schema@.device_key AS key
        WHERE key.id = p_key_id AND key.user_id = own.user_id AND key.device_id = own.device_id;
    END IF;
    RETURN NEXT;
END
$body$;

-- Step a live session up by the proof of a device key, whose challenge is used up with it. A refresh that was faster
-- with the same refresh token has brought the session to the same generation.
-- Outcomes: proved, or repeated for the retry of a lost answer, and the session; challenge_used; unknown_key, if it
-- was removed; suspended, revoked, expired, wrong_key and reused as judge_refresh says, and a reuse ends the session.
CREATE FUNCTION @schema@.prove_presence(
    p_session_id uuid, p_generation bigint, p_jkt text, p_key_id uuid,
    p_nonce_hash bytea, p_nonce_expires_at timestamptz, p_idle_expires_at timestamptz, p_grace interval,
    p_locale text, p_now timestamptz, p_request_id text
) RETURNS TABLE (outcome text, own @schema@.session_row, states jsonb) LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_generic_plan SET enable_seqscan = off
AS $body$
#variable_conflict use_column
DECLARE
    v_used_at timestamptz;
BEGIN
    PERFORM FROM public.sessions WHERE id = p_session_id FOR NO KEY UPDATE;
    SELECT found.* INTO own FROM @schema@.session_row AS found WHERE found.id = p_session_id;
    SELECT used_at INTO v_used_at FROM public.challenges WHERE nonce_hash = p_nonce_hash;

    outcome := @schema@.judge_presence(own, p_session_id, p_generation, p_jkt, v_used_at, p_grace, p_now);
    IF outcome = 'live' THEN
        outcome := CASE
            WHEN NOT EXISTS (
                SELECT FROM public.biometric_keys
                WHERE id = p_key_id AND user_id = own.user_id AND device_id = own.device_id
            ) THEN 'unknown_key'
            WHEN @schema@.use_nonce(p_nonce_hash, p_nonce_expires_at, p_now) THEN 'proved'
            ELSE 'challenge_used'
        END;
    END IF;

    IF outcome = 'proved' THEN
        UPDATE public.sessions AS session
        SET generation = p_generation + 1, rotated_at = p_now, auth_time = p_now,
            acr = 'aal2', amr = ARRAY['hwk', 'user'],
            idle_expires_at = least(p_idle_expires_at, session.expires_at)
        WHERE session.id = p_session_id;
        UPDATE public.biometric_keys SET last_used_at = p_now WHERE id = p_key_id;
        PERFORM @schema@.write_audit(
            'session.presence_proved', own.user_id, p_session_id, '{}', p_now, p_request_id
        );
        SELECT found.* INTO own FROM @schema@.session_row AS found WHERE found.id = p_session_id;
    ELSIF outcome = 'reused' THEN
        PERFORM @schema@.write_audit(
            'session.reuse_detected', own.user_id, p_session_id, '{}', p_now, p_request_id
        );
        PERFORM @schema@.end_sessions(ARRAY[p_session_id], 'reuse', p_now, p_request_id);
    END IF;
    IF outcome IN ('proved', 'repeated') THEN
        states := @schema@.consent_states(own.user_id, p_locale, p_now);
    ELSE
        own := NULL;
    END IF;
    RETURN NEXT;
END
$body$;

-- Say whether a proof of presence may step a session up (`live`), or what came instead, as prove_presence says.
-- `p_used_at` is when its challenge was used, which is the session's auth_time after this very proof.
CREATE FUNCTION @schema@.judge_presence(
    p_own @schema@.session_row, p_session_id uuid, p_generation bigint, p_jkt text, p_used_at timestamptz,
    p_grace interval, p_now timestamptz
) RETURNS text LANGUAGE plpgsql AS $body$
DECLARE
    v_is_live boolean := @schema@.acting_person(p_own, p_now) IS NOT NULL;
    v_outcome text;
BEGIN
    IF v_is_live AND p_used_at IS NULL AND (
        p_own.generation = p_generation
        OR (p_own.generation = p_generation + 1 AND p_own.rotated_at >= p_now - p_grace)
    ) THEN
        RETURN 'live';
    END IF;
    IF p_used_at = p_own.auth_time AND NOT v_is_live THEN
        RETURN CASE p_own.user_status WHEN 'suspended' THEN 'suspended' ELSE 'revoked' END;
    END IF;
    IF p_used_at = p_own.auth_time AND p_own.generation = p_generation + 1 THEN
        RETURN 'repeated';  -- nothing came after it
    END IF;
    v_outcome := @schema@.judge_refresh(p_session_id, p_generation, p_jkt, p_grace, p_now);
    RETURN CASE
        WHEN v_outcome = 'retried' OR (v_outcome = 'reused' AND p_used_at IS NOT NULL) THEN 'challenge_used'
        ELSE v_outcome
    END;
END
$body$;
