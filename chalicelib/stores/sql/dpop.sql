-- Proofs of a phone's key (RFC 9449), each good for one request.

-- Remember a proof for as long as it would be accepted. Without one (null) nothing is asked.
-- Raises SA001 if it came before (s11.1): of two requests at once, the primary key lets one through. A call that
-- is sent again over a new connection finds its own proof; then the phone makes another and asks again.
CREATE FUNCTION @schema@.use_proof(p_proof_hash bytea, p_proof_expires_at timestamptz)
RETURNS void LANGUAGE plpgsql AS $body$
BEGIN
    IF p_proof_hash IS NULL THEN
        RETURN;
    END IF;
    INSERT INTO public.dpop_proofs (proof_hash, expires_at) VALUES (p_proof_hash, p_proof_expires_at)
    ON CONFLICT DO NOTHING;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'this proof came before' USING ERRCODE = 'SA001';
    END IF;
END
$body$;
