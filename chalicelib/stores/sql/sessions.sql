-- Sessions after sign-in: rotate, list, end.
-- A session that has no end_reason has not ended. (Of `ended_at IS NULL` a plan could make the reading of a whole
-- partial index; see "A function of the database" in CONTRIBUTING.md.)

-- Bring a live session that stands at this generation and key to the next one.
-- Outcomes: rotated, and the session as it is now; retried, reused, suspended, revoked, expired or wrong_key as
-- judge_refresh says. A retry finds the session as the first attempt left it, and a reuse has ended it. A refused
-- token takes a place among its session's failures, but for a reuse: that happens once.
CREATE FUNCTION @schema@.rotate_session(
    p_session_id uuid, p_generation bigint, p_jkt text, p_idle_expires_at timestamptz,
    p_grace interval, p_presence_lasts interval, p_locale text,
    p_proof_hash bytea, p_proof_expires_at timestamptz,
    p_bucket_index bytea, p_bucket_interval interval, p_bucket_window interval,
    p_now timestamptz, p_request_id text
) RETURNS TABLE (
    outcome text, own @schema@.session_row, states jsonb, place_is_taken boolean, place_arrives_at timestamptz
) LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_generic_plan SET enable_seqscan = off
AS $body$
#variable_conflict use_column
BEGIN
    PERFORM @schema@.use_proof(p_proof_hash, p_proof_expires_at);

    UPDATE public.sessions AS session
    SET generation = p_generation + 1,
        rotated_at = p_now,
        idle_expires_at = least(p_idle_expires_at, session.expires_at),
        -- a proof of presence raises what later tokens say for a while only
        acr = CASE WHEN session.acr = 'aal2' AND session.auth_time < p_now - p_presence_lasts
            THEN 'aal1' ELSE session.acr END,
        amr = CASE WHEN session.acr = 'aal2' AND session.auth_time < p_now - p_presence_lasts
            THEN ARRAY['fed'] ELSE session.amr END
    WHERE session.id = p_session_id
        AND session.generation = p_generation
        AND session.jkt IS NOT DISTINCT FROM p_jkt
        AND session.end_reason IS NULL AND session.expires_at > p_now AND session.idle_expires_at > p_now
        AND (SELECT status FROM public.users WHERE id = session.user_id) = 'active';
    IF FOUND THEN
        outcome := 'rotated';
    ELSE
        outcome := @schema@.judge_refresh(p_session_id, p_generation, p_jkt, p_grace, p_now);
    END IF;

    IF outcome = 'reused' THEN
        PERFORM @schema@.write_audit(
            'session.reuse_detected',
            (SELECT user_id FROM public.sessions WHERE id = p_session_id), p_session_id, '{}', p_now, p_request_id
        );
        PERFORM @schema@.end_sessions(ARRAY[p_session_id], 'reuse', p_now, p_request_id);
    ELSIF outcome IN ('rotated', 'retried') THEN
        SELECT found.* INTO own FROM @schema@.session_row AS found WHERE found.id = p_session_id;
        states := @schema@.consent_states(own.user_id, p_locale, p_now);
        IF outcome = 'rotated' THEN
            PERFORM @schema@.write_audit(
                'session.refreshed', own.user_id, own.id, '{}', p_now, p_request_id
            );
        END IF;
    ELSE
        SELECT place.is_admitted, place.arrives_at INTO place_is_taken, place_arrives_at
        FROM @schema@.take_place(p_bucket_index, p_bucket_interval, p_bucket_window, p_now) AS place;
    END IF;
    RETURN NEXT;
END
$body$;

-- Say what a genuine refresh token is that a rotation did not accept, and keep its session as it is meanwhile.
-- The person's status is read once the session's lock is held: who suspends them ends the session as well, so that
-- waiting for the lock is waiting for the suspension.
-- Only the immediate predecessor can be a retry: while the stored generation is still its successor's, that
-- successor was never used. The window opens at the rotation; a clock that jumped back does not close it.
CREATE FUNCTION @schema@.judge_refresh(
    p_session_id uuid, p_generation bigint, p_jkt text, p_grace interval, p_now timestamptz
) RETURNS text LANGUAGE plpgsql AS $body$
DECLARE
    v_session record;
    v_status text;
BEGIN
    SELECT session.user_id, session.generation, session.jkt, session.rotated_at, session.ended_at,
        p_now >= session.idle_expires_at OR p_now >= session.expires_at AS is_expired
    INTO v_session
    FROM public.sessions AS session
    WHERE session.id = p_session_id
    FOR NO KEY UPDATE;
    IF NOT FOUND THEN  -- gone, with its person or in a restore
        RETURN 'revoked';
    END IF;
    SELECT person.status::text INTO v_status FROM public.users AS person WHERE person.id = v_session.user_id;
    RETURN CASE
        WHEN v_session.jkt IS DISTINCT FROM p_jkt THEN 'wrong_key'  -- that ends nothing (RFC 9449 s5)
        WHEN v_status = 'suspended' THEN 'suspended'
        WHEN v_status = 'erased' OR v_session.ended_at IS NOT NULL THEN 'revoked'
        WHEN v_session.is_expired THEN 'expired'
        WHEN p_generation = v_session.generation - 1 AND p_now - v_session.rotated_at <= p_grace THEN 'retried'
        ELSE 'reused'
    END;
END
$body$;

-- Return a session in any state, with where its person stands on the documents; nulls if there is none.
CREATE FUNCTION @schema@.find_session(
    p_session_id uuid, p_locale text, p_proof_hash bytea, p_proof_expires_at timestamptz, p_now timestamptz
) RETURNS TABLE (own @schema@.session_row, states jsonb) LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_generic_plan SET enable_seqscan = off
AS $body$
#variable_conflict use_column
BEGIN
    PERFORM @schema@.use_proof(p_proof_hash, p_proof_expires_at);
    SELECT found.* INTO own FROM @schema@.session_row AS found WHERE found.id = p_session_id;
    states := @schema@.consent_states(own.user_id, p_locale, p_now);
    RETURN NEXT;
END
$body$;

-- Return the live sessions of this one's person, and this one in any state; the last used first.
CREATE FUNCTION @schema@.list_sessions(
    p_session_id uuid, p_proof_hash bytea, p_proof_expires_at timestamptz, p_now timestamptz
) RETURNS SETOF @schema@.session_row LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_generic_plan SET enable_seqscan = off
AS $body$
#variable_conflict use_column
BEGIN
    PERFORM @schema@.use_proof(p_proof_hash, p_proof_expires_at);
    RETURN QUERY
    SELECT found.* FROM @schema@.session_row AS found
    WHERE found.user_id = (SELECT user_id FROM public.sessions WHERE id = p_session_id)
        AND (
            found.id = p_session_id
            OR (found.end_reason IS NULL AND found.expires_at > p_now AND found.idle_expires_at > p_now)
        )
    ORDER BY found.rotated_at DESC, found.id;
END
$body$;

-- End a session that has not ended, whoever's it is: a token of it came. Twice is once.
CREATE FUNCTION @schema@.end_session(
    p_session_id uuid, p_proof_hash bytea, p_proof_expires_at timestamptz, p_now timestamptz, p_request_id text
) RETURNS TABLE (ended bigint) LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_generic_plan SET enable_seqscan = off
AS $body$
#variable_conflict use_column
BEGIN
    PERFORM @schema@.use_proof(p_proof_hash, p_proof_expires_at);
    RETURN QUERY SELECT @schema@.end_sessions(ARRAY[p_session_id], 'logout', p_now, p_request_id);
END
$body$;

-- End every session of the person whose session this is. One that is over ends no others: its tokens may be in a
-- thief's hands. One that is merely idle may, since apps log out after a long sleep.
CREATE FUNCTION @schema@.end_all_sessions(
    p_session_id uuid, p_proof_hash bytea, p_proof_expires_at timestamptz, p_now timestamptz, p_request_id text
) RETURNS TABLE (ended bigint) LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_generic_plan SET enable_seqscan = off
AS $body$
#variable_conflict use_column
DECLARE
    v_user_id uuid;
BEGIN
    PERFORM @schema@.use_proof(p_proof_hash, p_proof_expires_at);
    SELECT user_id INTO v_user_id FROM public.sessions
    WHERE id = p_session_id AND end_reason IS NULL AND expires_at > p_now;
    RETURN QUERY
    SELECT @schema@.end_sessions(
        ARRAY(SELECT id FROM public.sessions WHERE user_id = v_user_id AND end_reason IS NULL),
        'logout_all', p_now, p_request_id
    );
END
$body$;

-- End one session of the acting one's person, if the acting one is live. Return the acting one in any state, and
-- whether the other is, or was, the same person's.
CREATE FUNCTION @schema@.end_own_session(
    p_session_id uuid, p_target_id uuid, p_proof_hash bytea, p_proof_expires_at timestamptz,
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
    PERFORM @schema@.end_sessions(
        ARRAY(SELECT id FROM public.sessions WHERE id = p_target_id AND user_id = v_user_id),
        'revoked', p_now, p_request_id
    );
    is_known := EXISTS (SELECT FROM public.sessions WHERE id = p_target_id AND user_id = own.user_id);
    RETURN NEXT;
END
$body$;

-- End all sessions of the acting one's person but itself, if it is live. Return the acting one in any state.
CREATE FUNCTION @schema@.end_other_sessions(
    p_session_id uuid, p_proof_hash bytea, p_proof_expires_at timestamptz, p_now timestamptz, p_request_id text
) RETURNS SETOF @schema@.session_row LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_generic_plan SET enable_seqscan = off
AS $body$
#variable_conflict use_column
DECLARE
    v_own @schema@.session_row;
    v_user_id uuid;
BEGIN
    PERFORM @schema@.use_proof(p_proof_hash, p_proof_expires_at);
    PERFORM @schema@.lock_person_of(p_session_id);
    SELECT found.* INTO v_own FROM @schema@.session_row AS found WHERE found.id = p_session_id;
    v_user_id := @schema@.acting_person(v_own, p_now);
    PERFORM @schema@.end_sessions(
        ARRAY(
            SELECT id FROM public.sessions
            WHERE user_id = v_user_id AND id <> p_session_id AND end_reason IS NULL
        ),
        'revoked', p_now, p_request_id
    );
    IF v_own.id IS NOT NULL THEN
        RETURN NEXT v_own;
    END IF;
END
$body$;

-- Return the person of a session that may act now: it is live, and they are active. Null for any other. What decides
-- is what the caller has read of the session and returns, so that no refusal follows an act, and no act a refusal.
CREATE FUNCTION @schema@.acting_person(p_own @schema@.session_row, p_now timestamptz)
RETURNS uuid LANGUAGE plpgsql AS $body$
BEGIN
    RETURN CASE
        WHEN p_own.user_status = 'active' AND p_own.end_reason IS NULL
            AND p_own.expires_at > p_now AND p_own.idle_expires_at > p_now
        THEN p_own.user_id
    END;
END
$body$;

-- End those of the sessions that have not ended, each with its record, and return how many. An ended session keeps
-- no copy of the profile that an old refresh token could still open.
CREATE FUNCTION @schema@.end_sessions(p_ids uuid[], p_reason text, p_now timestamptz, p_request_id text)
RETURNS bigint LANGUAGE plpgsql AS $body$
#variable_conflict use_column
DECLARE
    v_id uuid;
    v_user_id uuid;
    v_ended bigint := 0;
BEGIN
    FOR v_id IN SELECT unnest(p_ids) ORDER BY 1 LOOP  -- in one order, so that no two callers wait for each other
        UPDATE public.sessions
        SET ended_at = p_now, end_reason = p_reason::public.session_end, profile = NULL, profile_digest = NULL
        WHERE id = v_id AND end_reason IS NULL
        RETURNING user_id INTO v_user_id;
        IF FOUND THEN
            v_ended := v_ended + 1;
            PERFORM @schema@.write_audit(
                'session.ended', v_user_id, v_id, jsonb_build_object('reason', p_reason), p_now, p_request_id
            );
        END IF;
    END LOOP;
    RETURN v_ended;
END
$body$;

-- Return the session that asks, in any state, once its request got its place; nulls if there is none.
CREATE FUNCTION @schema@.check_session(
    p_session_id uuid, p_proof_hash bytea, p_proof_expires_at timestamptz,
    p_bucket_index bytea, p_bucket_interval interval, p_bucket_window interval, p_now timestamptz
) RETURNS TABLE (
    own @schema@.session_row, place_is_taken boolean, place_arrives_at timestamptz
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
    END IF;
    RETURN NEXT;
END
$body$;

-- Lock the person of a session, before it is read: an erasure, a suspension, or another act of theirs that locks them
-- comes before or after.
CREATE FUNCTION @schema@.lock_person_of(p_session_id uuid) RETURNS void LANGUAGE plpgsql AS $body$
BEGIN
    PERFORM FROM public.users
    WHERE id = (SELECT user_id FROM public.sessions WHERE id = p_session_id)
    FOR NO KEY UPDATE;
END
$body$;
