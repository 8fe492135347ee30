-- Signing in: a session for a known person, an account with its first session for a new one.
-- What is indexed may be so under several versions of the index key (decision 0053). Of an array of indexes, the
-- first is the one to write.

-- What came of a sign-in: EntryRow in chalicelib/stores/sign_in.py.
CREATE TYPE @schema@.entry AS (
    outcome text,
    user_id uuid,  -- of the person, if there is one
    is_first_identity boolean,
    own @schema@.session_row,
    states jsonb,
    address_is_taken boolean,
    address_arrives_at timestamptz,
    place_is_taken boolean,
    place_arrives_at timestamptz
);

-- Open a session for the person whom a provider vouched for.
-- Outcomes: opened, and the session; repeated, and the session that this ID token opened a moment ago; limited,
-- suspended, token_used, nonce_used; unknown_person, and the documents to agree to; index_keys_changed, if the
-- person may be indexed under a key that the caller has not heard of. A refusal writes nothing but what is counted.
-- The person's row is locked: their suspension, a withdrawal, or another sign-in on the device comes before or after.
CREATE FUNCTION @schema@.open_session(
    p_provider text, p_subject_indexes bytea[], p_index_version bigint, p_index_versions bigint[],
    p_token_hash bytea, p_token_expires_at timestamptz, p_retry_window interval,
    p_nonce_hash bytea, p_nonce_expires_at timestamptz,
    p_device_id uuid, p_device_indexes bytea[], p_platform text,
    p_session_id uuid, p_client_id text, p_jkt text, p_profile bytea, p_profile_digest bytea,
    p_idle_expires_at timestamptz, p_expires_at timestamptz,
    p_answers text, p_app_version text, p_locale text,
    p_address_index bytea, p_address_interval interval, p_address_window interval,
    p_proof_hash bytea, p_proof_expires_at timestamptz,
    p_bucket_index bytea, p_bucket_interval interval, p_bucket_window interval,
    p_now timestamptz, p_request_id text
) RETURNS SETOF @schema@.entry LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_generic_plan SET enable_seqscan = off
AS $body$
DECLARE
    v_entry @schema@.entry;
    v_person record;
    v_stranger text;
    v_place record;
    v_used record;
    v_session_id uuid := p_session_id;
    v_device_id uuid;
    v_replaced_id uuid;
BEGIN
    v_person := @schema@.lock_person(p_provider, p_subject_indexes);
    IF v_person.id IS NULL THEN
        v_stranger := @schema@.judge_stranger(
            p_token_hash, p_nonce_hash, p_nonce_expires_at, p_index_version, p_index_versions, p_now
        );
        IF v_stranger <> 'unknown_person' THEN  -- whoever used the token just now may have made the account with it
            v_person := @schema@.lock_person(p_provider, p_subject_indexes);
        END IF;
    END IF;
    v_entry.user_id := v_person.id;
    v_entry.is_first_identity := v_person.is_first_identity;

    v_place := @schema@.take_place(p_address_index, p_address_interval, p_address_window, p_now);
    v_entry.address_is_taken := v_place.is_admitted;
    v_entry.address_arrives_at := v_place.arrives_at;
    IF NOT v_place.is_admitted THEN
        v_entry.outcome := 'limited';
        RETURN NEXT v_entry;
        RETURN;
    END IF;
    PERFORM @schema@.use_proof(p_proof_hash, p_proof_expires_at);
    IF v_person.id IS NULL THEN
        v_entry.outcome := v_stranger;
        IF v_stranger = 'unknown_person' THEN
            v_entry.states := @schema@.consent_states(NULL, p_locale, p_now);
        END IF;
        RETURN NEXT v_entry;
        RETURN;
    END IF;
    IF v_person.status = 'suspended' THEN
        v_entry.outcome := 'suspended';
        RETURN NEXT v_entry;
        RETURN;
    END IF;
    v_place := @schema@.take_place(p_bucket_index, p_bucket_interval, p_bucket_window, p_now);
    v_entry.place_is_taken := v_place.is_admitted;
    v_entry.place_arrives_at := v_place.arrives_at;
    IF NOT v_place.is_admitted THEN
        v_entry.outcome := 'limited';
        RETURN NEXT v_entry;
        RETURN;
    END IF;

    SELECT token.session_id, token.used_at INTO v_used
    FROM public.used_id_tokens AS token WHERE token.token_hash = p_token_hash;
    IF FOUND THEN
        v_session_id := v_used.session_id;
        v_entry.outcome := CASE
            WHEN p_now - v_used.used_at <= p_retry_window
                AND @schema@.is_untouched(v_used.session_id, v_person.id, p_device_indexes, p_jkt)
            THEN 'repeated' ELSE 'token_used'
        END;
        IF v_entry.outcome = 'token_used' THEN
            RETURN NEXT v_entry;
            RETURN;
        END IF;
    ELSIF @schema@.use_nonce(p_nonce_hash, p_nonce_expires_at, p_now) THEN
        v_entry.outcome := 'opened';
        v_device_id := @schema@.see_device(
            p_device_id, v_person.id, p_device_indexes, p_index_version, p_platform, p_now
        );
        UPDATE public.sessions
        SET ended_at = p_now, end_reason = 'replaced', profile = NULL, profile_digest = NULL
        WHERE device_id = v_device_id AND ended_at IS NULL
        RETURNING id INTO v_replaced_id;
        PERFORM @schema@.start_session(
            p_session_id, v_person.id, v_device_id, p_client_id, p_jkt, p_profile, p_profile_digest,
            p_idle_expires_at, p_expires_at, p_token_hash, p_token_expires_at, p_now, p_request_id
        );
        IF v_device_id = p_device_id THEN
            PERFORM @schema@.write_audit(
                'session.new_device', v_person.id, p_session_id,
                jsonb_build_object('device_id', v_device_id), p_now, p_request_id
            );
        END IF;
        IF v_replaced_id IS NOT NULL THEN
            PERFORM @schema@.write_audit(
                'session.ended', v_person.id, v_replaced_id, '{"reason": "replaced"}', p_now, p_request_id
            );
        END IF;
    ELSE
        v_entry.outcome := 'nonce_used';
        RETURN NEXT v_entry;
        RETURN;
    END IF;

    v_entry.states := @schema@.consent_states(v_person.id, p_locale, p_now);
    IF v_entry.outcome = 'opened' AND NOT @schema@.answers_stand(p_answers, v_entry.states) THEN
        PERFORM @schema@.record_answers(
            v_person.id, p_session_id, p_answers, p_app_version, p_locale, p_now, p_request_id
        );
        v_entry.states := @schema@.consent_states(v_person.id, p_locale, p_now);
    END IF;
    SELECT opened INTO v_entry.own FROM @schema@.session_row AS opened WHERE opened.id = v_session_id;
    RETURN NEXT v_entry;
END
$body$;

-- Make a person with their first session, or find them made by another first sign-in that was faster.
-- Outcomes: created, and the session, with the documents before the answers; consents_changed, with the documents
-- that are current now; those of open_session.
CREATE FUNCTION @schema@.create_account(
    p_user_id uuid, p_key_version bigint, p_user_profile bytea,
    p_identity_id uuid, p_subject bytea, p_email_index bytea, p_device_description bytea, p_device_digest bytea,
    p_provider text, p_subject_indexes bytea[], p_index_version bigint, p_index_versions bigint[],
    p_token_hash bytea, p_token_expires_at timestamptz, p_retry_window interval,
    p_nonce_hash bytea, p_nonce_expires_at timestamptz,
    p_device_id uuid, p_device_indexes bytea[], p_platform text,
    p_session_id uuid, p_client_id text, p_jkt text, p_profile bytea, p_profile_digest bytea,
    p_idle_expires_at timestamptz, p_expires_at timestamptz,
    p_answers text, p_app_version text, p_locale text,
    p_bucket_index bytea, p_bucket_interval interval, p_bucket_window interval,
    p_now timestamptz, p_request_id text
) RETURNS SETOF @schema@.entry LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_generic_plan SET enable_seqscan = off
AS $body$
DECLARE
    v_entry @schema@.entry;
    v_person record;
BEGIN
    PERFORM @schema@.lock_subject(p_subject_indexes);
    v_person := @schema@.lock_person(p_provider, p_subject_indexes);
    IF v_person.id IS NOT NULL THEN
        RETURN QUERY SELECT found.* FROM @schema@.open_session(
            p_provider, p_subject_indexes, p_index_version, p_index_versions,
            p_token_hash, p_token_expires_at, p_retry_window, p_nonce_hash, p_nonce_expires_at,
            p_device_id, p_device_indexes, p_platform,
            p_session_id, p_client_id, p_jkt, p_profile, p_profile_digest, p_idle_expires_at, p_expires_at,
            p_answers, p_app_version, p_locale, NULL, NULL, NULL, NULL, NULL,
            p_bucket_index, p_bucket_interval, p_bucket_window, p_now, p_request_id
        ) AS found;
        RETURN;
    END IF;
    v_entry.outcome := @schema@.judge_stranger(
        p_token_hash, p_nonce_hash, p_nonce_expires_at, p_index_version, p_index_versions, p_now
    );
    IF v_entry.outcome <> 'unknown_person' THEN
        RETURN NEXT v_entry;
        RETURN;
    END IF;
    v_entry.states := @schema@.consent_states(NULL, p_locale, p_now);
    IF NOT @schema@.agree_to_all(p_answers, v_entry.states) THEN
        v_entry.outcome := 'consents_changed';
        RETURN NEXT v_entry;
        RETURN;
    END IF;
    IF NOT @schema@.use_nonce(p_nonce_hash, p_nonce_expires_at, p_now) THEN  -- by somebody else, just now
        v_entry.outcome := 'nonce_used';
        RETURN NEXT v_entry;
        RETURN;
    END IF;

    INSERT INTO public.users
        (id, created_at, status_changed_at, key_version, profile, profile_digest, index_version)
    VALUES (p_user_id, p_now, p_now, p_key_version, p_user_profile, p_profile_digest, p_index_version);
    INSERT INTO public.identities
        (id, user_id, provider, subject_index, email_index, index_version, subject, created_at)
    VALUES (
        p_identity_id, p_user_id, p_provider, p_subject_indexes[1], p_email_index, p_index_version, p_subject,
        p_now
    )
    ON CONFLICT (provider, subject_index) DO NOTHING;
    IF NOT FOUND THEN  -- by a release that takes no lock; when this is sent again, it finds the person
        RAISE EXCEPTION 'another first sign-in was faster' USING ERRCODE = 'serialization_failure';
    END IF;
    INSERT INTO public.devices (
        id, user_id, device_index, index_version, platform, description, description_digest, created_at,
        last_seen_at
    )
    VALUES (
        p_device_id, p_user_id, p_device_indexes[1], p_index_version, p_platform::public.device_platform,
        p_device_description, p_device_digest, p_now, p_now
    );
    PERFORM @schema@.write_audit('account.created', p_user_id, p_session_id, '{}', p_now, p_request_id);
    PERFORM @schema@.start_session(
        p_session_id, p_user_id, p_device_id, p_client_id, p_jkt, p_profile, p_profile_digest,
        p_idle_expires_at, p_expires_at, p_token_hash, p_token_expires_at, p_now, p_request_id
    );
    PERFORM @schema@.record_first_answers(
        p_user_id, p_session_id, p_answers, p_app_version, p_now, p_request_id
    );

    v_entry.outcome := 'created';
    v_entry.user_id := p_user_id;
    v_entry.is_first_identity := true;
    SELECT opened INTO v_entry.own FROM @schema@.session_row AS opened WHERE opened.id = p_session_id;
    RETURN NEXT v_entry;
END
$body$;

-- Add a session of a person, on a device that has none, and note that its ID token was used.
CREATE FUNCTION @schema@.start_session(
    p_session_id uuid, p_user_id uuid, p_device_id uuid, p_client_id text, p_jkt text,
    p_profile bytea, p_profile_digest bytea, p_idle_expires_at timestamptz, p_expires_at timestamptz,
    p_token_hash bytea, p_token_expires_at timestamptz, p_now timestamptz, p_request_id text
) RETURNS void LANGUAGE plpgsql AS $body$
BEGIN
    INSERT INTO public.sessions (
        id, user_id, device_id, client_id, acr, amr, auth_time, created_at, rotated_at,
        idle_expires_at, expires_at, jkt, profile, profile_digest
    )
    VALUES (
        p_session_id, p_user_id, p_device_id, p_client_id, 'aal1', ARRAY['fed'], p_now, p_now, p_now,
        p_idle_expires_at, p_expires_at, p_jkt, p_profile, p_profile_digest
    );
    INSERT INTO public.used_id_tokens (token_hash, session_id, used_at, expires_at)
    VALUES (p_token_hash, p_session_id, p_now, p_token_expires_at)
    ON CONFLICT DO NOTHING;
    IF NOT FOUND THEN  -- by another person's request, just now; when this is sent again, it finds the token used
        RAISE EXCEPTION 'the ID token is used at this moment' USING ERRCODE = 'serialization_failure';
    END IF;
    PERFORM @schema@.write_audit(
        'session.started', p_user_id, p_session_id, jsonb_build_object('device_id', p_device_id), p_now,
        p_request_id
    );
END
$body$;

-- Lock a person by an identity of theirs, and tell where they stand; nulls if there is none. While this waited for the
-- lock, the person may have been erased, or the identity unlinked: each statement sees what was committed before it.
CREATE FUNCTION @schema@.lock_person(
    p_provider text, p_subject_indexes bytea[],
    OUT id uuid, OUT status text, OUT identity_id uuid, OUT is_first_identity boolean
) LANGUAGE plpgsql AS $body$
#variable_conflict use_column
DECLARE
    v_identity record := @schema@.find_identity(p_provider, p_subject_indexes);
    v_locked_id uuid := v_identity.user_id;
BEGIN
    IF v_locked_id IS NULL THEN
        RETURN;
    END IF;
    SELECT person.status::text INTO status FROM public.users AS person
    WHERE person.id = v_locked_id FOR NO KEY UPDATE;
    v_identity := @schema@.find_identity(p_provider, p_subject_indexes);
    IF v_identity.user_id <> v_locked_id THEN  -- linked elsewhere; when this is sent again, it locks that person
        RAISE EXCEPTION 'the identity is another person''s by now' USING ERRCODE = 'serialization_failure';
    END IF;
    IF v_identity.user_id IS NOT NULL AND status <> 'erased' THEN
        id := v_locked_id;
        identity_id := v_identity.identity_id;
        is_first_identity := NOT EXISTS (
            SELECT FROM public.identities AS earlier
            WHERE earlier.user_id = v_locked_id
                AND (earlier.created_at, earlier.id) < (v_identity.linked_at, v_identity.identity_id)
        );
    END IF;
END
$body$;

-- Note that a person whose row is locked was seen on a device, which is new if there is none of these indexes; return
-- its id. A device that an older index key has indexed is indexed anew.
CREATE FUNCTION @schema@.see_device(
    p_device_id uuid, p_user_id uuid, p_device_indexes bytea[], p_index_version bigint, p_platform text,
    p_now timestamptz
) RETURNS uuid LANGUAGE plpgsql AS $body$
DECLARE
    v_device_id uuid;
BEGIN
    SELECT device.id INTO v_device_id FROM public.devices AS device
    WHERE device.user_id = p_user_id AND device.device_index = ANY (p_device_indexes)
    ORDER BY device.index_version DESC LIMIT 1;
    IF NOT FOUND THEN
        INSERT INTO public.devices
            (id, user_id, device_index, index_version, platform, created_at, last_seen_at)
        VALUES (
            p_device_id, p_user_id, p_device_indexes[1], p_index_version, p_platform::public.device_platform,
            p_now, p_now
        );
        RETURN p_device_id;
    END IF;
    UPDATE public.devices
    SET last_seen_at = p_now,
        platform = p_platform::public.device_platform,
        device_index = CASE WHEN index_version < p_index_version THEN p_device_indexes[1] ELSE device_index END,
        index_version = greatest(index_version, p_index_version)
    WHERE id = v_device_id;
    RETURN v_device_id;
END
$body$;

-- Tell whether a person's session stands as its sign-in left it, on this device and with this key; it is kept so
-- meanwhile.
CREATE FUNCTION @schema@.is_untouched(p_session_id uuid, p_user_id uuid, p_device_indexes bytea[], p_jkt text)
RETURNS boolean LANGUAGE plpgsql AS $body$
BEGIN
    PERFORM FROM public.sessions WHERE id = p_session_id FOR NO KEY UPDATE;
    RETURN EXISTS (
        SELECT FROM public.sessions AS session
        WHERE session.id = p_session_id AND session.user_id = p_user_id
            AND session.generation = 0 AND session.end_reason IS NULL
            AND session.jkt IS NOT DISTINCT FROM p_jkt
            AND (SELECT device_index FROM public.devices WHERE id = session.device_id) = ANY (p_device_indexes)
    );
END
$body$;

-- Hold the locks of whoever adds an identity with these indexes. Any two who add the same one know a version of the
-- index key in common, and so wait for each other; and retiring an index key waits for whoever adds anybody.
CREATE FUNCTION @schema@.lock_subject(p_subject_indexes bytea[]) RETURNS void LANGUAGE plpgsql AS $body$
BEGIN
    PERFORM pg_advisory_xact_lock_shared(7310415521);  -- _ADDING_PEOPLE in stores/jobs/keys.py
    PERFORM pg_advisory_xact_lock(ordered.key) FROM (
        SELECT ('x' || encode(substr(sha256(subject_index), 1, 8), 'hex'))::bit(64)::bigint AS key
        FROM unnest(p_subject_indexes) AS subject_index
        ORDER BY 1  -- in one order, so that no two wait for each other
    ) AS ordered;
END
$body$;

-- Tell whether these are the versions of the index key that are in use, the one that writes among them. Whoever
-- doesn't know one could add a person who is known under it.
CREATE FUNCTION @schema@.knows_index_keys(p_index_version bigint, p_index_versions bigint[])
RETURNS boolean LANGUAGE plpgsql AS $body$
BEGIN
    RETURN (
        SELECT coalesce(
            bool_or(key.version = p_index_version) AND bool_and(key.version = ANY (p_index_versions)), false
        )
        FROM public.service_keys AS key
        WHERE key.use = 'blind_index' AND key.retired_at IS NULL
    );
END
$body$;

-- Use a nonce up, and tell whether it could be: it is fresh and comes for the first time, or none came. Of two
-- requests at once, the primary key lets one have it.
CREATE FUNCTION @schema@.use_nonce(p_nonce_hash bytea, p_nonce_expires_at timestamptz, p_now timestamptz)
RETURNS boolean LANGUAGE plpgsql AS $body$
BEGIN
    IF p_nonce_hash IS NULL THEN
        RETURN true;
    END IF;
    IF p_nonce_expires_at <= p_now THEN
        RETURN false;
    END IF;
    INSERT INTO public.challenges (nonce_hash, used_at, expires_at)
    VALUES (p_nonce_hash, p_now, p_nonce_expires_at)
    ON CONFLICT DO NOTHING;
    RETURN FOUND;
END
$body$;

-- Tell what somebody is whom no index finds: token_used, nonce_used, index_keys_changed or unknown_person.
CREATE FUNCTION @schema@.judge_stranger(
    p_token_hash bytea, p_nonce_hash bytea, p_nonce_expires_at timestamptz,
    p_index_version bigint, p_index_versions bigint[], p_now timestamptz
) RETURNS text LANGUAGE plpgsql AS $body$
BEGIN
    IF EXISTS (SELECT FROM public.used_id_tokens WHERE token_hash = p_token_hash) THEN
        RETURN 'token_used';
    END IF;
    IF p_nonce_expires_at <= p_now OR EXISTS (SELECT FROM public.challenges WHERE nonce_hash = p_nonce_hash) THEN
        RETURN 'nonce_used';
    END IF;
    IF NOT @schema@.knows_index_keys(p_index_version, p_index_versions) THEN
        RETURN 'index_keys_changed';
    END IF;
    RETURN 'unknown_person';
END
$body$;
