-- What a provider tells of an account at its side.

-- Do what follows from an event, the first time that it comes, for the person whose identity it is about. Repeated,
-- nothing follows: the hash of its id is kept in the same transaction.
-- Outcomes: done; repeated; unknown_person, and nothing is kept.
CREATE FUNCTION @schema@.take_provider_event(
    p_provider text, p_subject_indexes bytea[], p_id_hash bytea, p_event_expires_at timestamptz,
    p_kind text, p_consequence text, p_now timestamptz, p_request_id text
) RETURNS TABLE (outcome text) LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_generic_plan SET enable_seqscan = off
AS $body$
#variable_conflict use_column
DECLARE
    v_person record := @schema@.lock_person(p_provider, p_subject_indexes);
    v_user_id uuid := v_person.id;
    v_identity_id uuid := v_person.identity_id;
BEGIN
    IF v_user_id IS NULL THEN
        outcome := 'unknown_person';
        RETURN NEXT;
        RETURN;
    END IF;
    INSERT INTO public.provider_events (id_hash, taken_at, expires_at)
    VALUES (p_id_hash, p_now, p_event_expires_at)
    ON CONFLICT DO NOTHING;
    IF NOT FOUND THEN
        outcome := 'repeated';
        RETURN NEXT;
        RETURN;
    END IF;

    outcome := 'done';
    PERFORM @schema@.write_audit(
        'identity.noticed', v_user_id, NULL, jsonb_build_object('provider', p_provider, 'notice', p_kind),
        p_now, p_request_id
    );
    CASE p_consequence
        WHEN 'end_sessions' THEN
            PERFORM @schema@.end_sessions_of(v_user_id, 'revoked', p_now, p_request_id);
        WHEN 'end_and_unlink' THEN
            PERFORM @schema@.end_sessions_of(v_user_id, 'revoked', p_now, p_request_id);
            IF @schema@.has_another_identity(v_user_id, v_identity_id) THEN
                DELETE FROM public.identities WHERE id = v_identity_id;
                PERFORM @schema@.write_audit(
                    'identity.unlinked', v_user_id, NULL,
                    jsonb_build_object('provider', p_provider, 'identity_id', v_identity_id), p_now, p_request_id
                );
            END IF;
        WHEN 'suspend' THEN
            PERFORM @schema@.suspend_for(v_user_id, v_identity_id, p_now, p_request_id);
        WHEN 'reinstate' THEN
            PERFORM @schema@.reinstate_for(v_user_id, v_identity_id, p_now, p_request_id);
    END CASE;
    RETURN NEXT;
END
$body$;

-- Suspend an active person, and note for which identity. Somebody whom an operator suspended is left alone.
CREATE FUNCTION @schema@.suspend_for(p_user_id uuid, p_identity_id uuid, p_now timestamptz, p_request_id text)
RETURNS void LANGUAGE plpgsql AS $body$
DECLARE
    v_is_suspended boolean := @schema@.change_status(
        p_user_id, 'active', 'suspended', 'account.suspended', p_now, p_request_id
    );
BEGIN
    IF v_is_suspended OR @schema@.is_held_for_another(p_user_id, p_identity_id) THEN
        UPDATE public.identities SET held_at = coalesce(held_at, p_now) WHERE id = p_identity_id;
    END IF;
END
$body$;

-- Let a person act again whom an event of this very identity suspended, unless another one's did, too.
CREATE FUNCTION @schema@.reinstate_for(p_user_id uuid, p_identity_id uuid, p_now timestamptz, p_request_id text)
RETURNS void LANGUAGE plpgsql AS $body$
BEGIN
    UPDATE public.identities SET held_at = NULL WHERE id = p_identity_id AND held_at IS NOT NULL;
    IF FOUND AND NOT @schema@.is_held_for_another(p_user_id, p_identity_id) THEN
        PERFORM @schema@.change_status(
            p_user_id, 'suspended', 'active', 'account.reinstated', p_now, p_request_id
        );
    END IF;
END
$body$;

-- Bring a person from one status to another, and end their sessions; return whether they had the first one.
CREATE FUNCTION @schema@.change_status(
    p_user_id uuid, p_before text, p_after text, p_kind text, p_now timestamptz, p_request_id text
) RETURNS boolean LANGUAGE plpgsql AS $body$
BEGIN
    UPDATE public.users SET status = p_after::public.user_status, status_changed_at = p_now
    WHERE id = p_user_id AND status = p_before::public.user_status;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    PERFORM @schema@.write_audit(p_kind, p_user_id, NULL, '{}', p_now, p_request_id);
    PERFORM @schema@.end_sessions_of(p_user_id, 'suspended', p_now, p_request_id);
    RETURN true;
END
$body$;

-- End all sessions of a person that have not ended.
CREATE FUNCTION @schema@.end_sessions_of(p_user_id uuid, p_reason text, p_now timestamptz, p_request_id text)
RETURNS void LANGUAGE plpgsql AS $body$
BEGIN
    PERFORM @schema@.end_sessions(
        ARRAY(SELECT id FROM public.sessions WHERE user_id = p_user_id AND end_reason IS NULL),
        p_reason, p_now, p_request_id
    );
END
$body$;

-- Tell whether a person has another identity.
CREATE FUNCTION @schema@.has_another_identity(p_user_id uuid, p_identity_id uuid)
RETURNS boolean LANGUAGE plpgsql AS $body$
BEGIN
    RETURN EXISTS (SELECT FROM public.identities WHERE user_id = p_user_id AND id <> p_identity_id);
END
$body$;

-- Tell whether a person is suspended for another identity.
CREATE FUNCTION @schema@.is_held_for_another(p_user_id uuid, p_identity_id uuid)
RETURNS boolean LANGUAGE plpgsql AS $body$
BEGIN
    RETURN EXISTS (
        SELECT FROM public.identities WHERE user_id = p_user_id AND id <> p_identity_id AND held_at IS NOT NULL
    );
END
$body$;
