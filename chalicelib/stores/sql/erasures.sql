-- Erasing people. All that is personal goes in one transaction. What it leaves says nothing of anyone: the person's
-- row (id, status, times) for history to refer to, consent events, audit events.

-- Erase the person whose live session asks.
-- Outcomes: erased, and the erasure; repeated, and the erasure that the same session asked for within the window, as
-- one of these ids says; refused, and the session, in any state. The person's row is locked, so that a sign-in in
-- flight is seen.
CREATE FUNCTION @schema@.erase_account(
    p_user_id uuid, p_session_id uuid, p_erasure_ids uuid[], p_secret_hash bytea, p_retry_window interval,
    p_details text, p_proof_hash bytea, p_proof_expires_at timestamptz, p_now timestamptz, p_request_id text
) RETURNS TABLE (outcome text, erasure @schema@.erasure_row, own @schema@.session_row)
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_generic_plan SET enable_seqscan = off
AS $body$
#variable_conflict use_column
BEGIN
    PERFORM @schema@.use_proof(p_proof_hash, p_proof_expires_at);
    PERFORM FROM public.users WHERE id = p_user_id FOR UPDATE;
    SELECT found.* INTO own FROM @schema@.session_row AS found WHERE found.id = p_session_id;
    IF @schema@.acting_person(own, p_now) = p_user_id THEN
        outcome := 'erased';
        PERFORM @schema@.erase_person(p_user_id, p_session_id, p_details, p_now, p_request_id);
        PERFORM @schema@.number_erasure(p_erasure_ids[1], p_user_id, p_secret_hash, p_now);
    END IF;
    SELECT found.* INTO erasure FROM @schema@.find_own_erasure(p_erasure_ids, p_now - p_retry_window) AS found;
    outcome := coalesce(outcome, CASE WHEN erasure.id IS NULL THEN 'refused' ELSE 'repeated' END);
    IF outcome <> 'refused' THEN
        own := NULL;
    END IF;
    RETURN NEXT;
END
$body$;

-- Erase a person, active or suspended, for an operator. Outcomes: erased, and the erasure; repeated, and the one that
-- an operator ordered within the window; refused, if there is no such person or they were erased otherwise.
CREATE FUNCTION @schema@.erase_for_operator(
    p_user_id uuid, p_erasure_ids uuid[], p_secret_hash bytea, p_retry_window interval, p_details text,
    p_now timestamptz, p_request_id text
) RETURNS TABLE (outcome text, erasure @schema@.erasure_row) LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_generic_plan SET enable_seqscan = off
AS $body$
#variable_conflict use_column
BEGIN
    PERFORM FROM public.users WHERE id = p_user_id FOR UPDATE;
    IF @schema@.erase_person(p_user_id, NULL, p_details, p_now, p_request_id) THEN
        outcome := 'erased';
        PERFORM @schema@.number_erasure(p_erasure_ids[1], p_user_id, p_secret_hash, p_now);
    END IF;
    SELECT found.* INTO erasure FROM @schema@.find_own_erasure(p_erasure_ids, p_now - p_retry_window) AS found;
    outcome := coalesce(outcome, CASE WHEN erasure.id IS NULL THEN 'refused' ELSE 'repeated' END);
    RETURN NEXT;
END
$body$;

-- Erase again what a restore brought back. The erasure keeps its id and number, whether the person is known or not.
-- Outcomes: erased; known, if the person is erased already or not there, and nothing is recorded.
CREATE FUNCTION @schema@.replay_erasure(
    p_erasure_id uuid, p_user_id uuid, p_epoch bigint, p_lineage uuid, p_secret_hash bytea,
    p_requested_at timestamptz, p_details text, p_now timestamptz, p_request_id text
) RETURNS TABLE (outcome text) LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_generic_plan SET enable_seqscan = off
AS $body$
#variable_conflict use_column
BEGIN
    PERFORM FROM public.users WHERE id = p_user_id FOR UPDATE;
    INSERT INTO public.erasures (id, user_id, epoch, lineage, secret_hash, requested_at)
    VALUES (p_erasure_id, p_user_id, p_epoch, p_lineage, p_secret_hash, p_requested_at)
    ON CONFLICT DO NOTHING;
    outcome := CASE
        WHEN @schema@.erase_person(p_user_id, NULL, p_details, p_now, p_request_id) THEN 'erased' ELSE 'known'
    END;
    RETURN NEXT;
END
$body$;

-- Return an erasure to whoever has its secret; no row for a wrong one.
CREATE FUNCTION @schema@.find_erasure(p_erasure_id uuid, p_secret_hash bytea)
RETURNS SETOF @schema@.erasure_row LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_generic_plan SET enable_seqscan = off
AS $body$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT found.* FROM @schema@.erasure_row AS found
    WHERE found.id = p_erasure_id AND found.secret_hash = p_secret_hash;
END
$body$;

-- Note that nothing is left to do for an erasure. Return when that was first so; no row if there is none.
CREATE FUNCTION @schema@.complete_erasure(p_erasure_id uuid, p_now timestamptz)
RETURNS TABLE (completed_at timestamptz) LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_generic_plan SET enable_seqscan = off
AS $body$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    UPDATE public.erasures AS done SET completed_at = coalesce(done.completed_at, greatest(p_now, done.requested_at))
    WHERE done.id = p_erasure_id
    RETURNING done.completed_at;
END
$body$;

-- Empty a person's row and delete what is theirs, unless they are erased; return whether they were not. Whoever calls
-- this holds the lock of the row. Sealed tokens that a provider must be told of are moved aside.
CREATE FUNCTION @schema@.erase_person(
    p_user_id uuid, p_session_id uuid, p_details text, p_now timestamptz, p_request_id text
) RETURNS boolean LANGUAGE plpgsql AS $body$
DECLARE
    v_gone record;
BEGIN
    UPDATE public.users
    SET status = 'erased', status_changed_at = p_now, profile = NULL, profile_digest = NULL, chosen = NULL
    WHERE id = p_user_id AND status <> 'erased';
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    PERFORM @schema@.write_audit(
        'account.erased', p_user_id, p_session_id, p_details::jsonb, p_now, p_request_id
    );
    -- each in the one order in which sessions are locked
    FOR v_gone IN SELECT id, end_reason FROM public.sessions WHERE user_id = p_user_id ORDER BY id FOR UPDATE LOOP
        UPDATE public.used_id_tokens SET session_id = NULL WHERE session_id = v_gone.id;
        DELETE FROM public.sessions WHERE id = v_gone.id;
        IF v_gone.end_reason IS NULL THEN
            PERFORM @schema@.write_audit(
                'session.ended', p_user_id, v_gone.id, '{"reason": "erased"}', p_now, p_request_id
            );
        END IF;
    END LOOP;
    DELETE FROM public.biometric_keys WHERE user_id = p_user_id;
    DELETE FROM public.devices WHERE user_id = p_user_id;
    FOR v_gone IN DELETE FROM public.identities WHERE user_id = p_user_id RETURNING id, refresh_token LOOP
        IF v_gone.refresh_token IS NOT NULL THEN
            INSERT INTO public.revocations (identity_id, user_id, refresh_token, ended_at)
            VALUES (v_gone.id, p_user_id, v_gone.refresh_token, p_now);
        END IF;
    END LOOP;
    RETURN true;
END
$body$;

-- Write an erasure down under the database's next number.
CREATE FUNCTION @schema@.number_erasure(
    p_erasure_id uuid, p_user_id uuid, p_secret_hash bytea, p_requested_at timestamptz
) RETURNS void LANGUAGE plpgsql AS $body$
DECLARE
    v_position record;
BEGIN
    UPDATE public.database_position SET epoch = epoch + 1 RETURNING epoch, lineage INTO v_position;
    INSERT INTO public.erasures (id, user_id, epoch, lineage, secret_hash, requested_at)
    VALUES (p_erasure_id, p_user_id, v_position.epoch, v_position.lineage, p_secret_hash, p_requested_at);
END
$body$;

-- Return the erasure with one of these ids, if it was asked for since then.
CREATE FUNCTION @schema@.find_own_erasure(p_erasure_ids uuid[], p_since timestamptz)
RETURNS SETOF @schema@.erasure_row LANGUAGE plpgsql AS $body$
BEGIN
    RETURN QUERY
    SELECT found.* FROM @schema@.erasure_row AS found
    WHERE found.id = ANY (p_erasure_ids) AND found.requested_at >= p_since
    ORDER BY array_position(p_erasure_ids, found.id) LIMIT 1;
END
$body$;
