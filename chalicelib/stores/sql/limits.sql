-- Requests, counted in buckets (GCRA, see chalicelib/domain/limits.py).

-- Take a place in a bucket. Without one (null) it is admitted, and nothing is counted.
-- A full bucket is read and left alone: no lock, nothing written, so nobody queues behind a flood. Of several
-- requests that find the last place free, the row's lock lets one have it.
CREATE FUNCTION @schema@.take_place(
    p_bucket_index bytea, p_bucket_interval interval, p_bucket_window interval, p_now timestamptz,
    OUT is_admitted boolean, OUT arrives_at timestamptz
) LANGUAGE plpgsql AS $body$
#variable_conflict use_column
DECLARE
    v_full_after timestamptz := p_now + p_bucket_window - p_bucket_interval;
    v_absurd_after timestamptz := p_now + 2 * p_bucket_window;  -- filled by a clock that was ahead
BEGIN
    is_admitted := true;
    IF p_bucket_index IS NULL THEN
        RETURN;
    END IF;
    LOOP
        UPDATE public.rate_limits AS bucket SET arrives_at = p_bucket_interval + CASE
            WHEN bucket.arrives_at > p_now AND bucket.arrives_at <= v_absurd_after THEN bucket.arrives_at
            ELSE p_now
        END
        WHERE bucket.bucket_index = p_bucket_index
            AND NOT (bucket.arrives_at > v_full_after AND bucket.arrives_at <= v_absurd_after)
        RETURNING bucket.arrives_at INTO arrives_at;
        IF FOUND THEN
            RETURN;
        END IF;
        SELECT bucket.arrives_at INTO arrives_at FROM public.rate_limits AS bucket
        WHERE bucket.bucket_index = p_bucket_index;
        IF FOUND THEN
            IF arrives_at > v_full_after AND arrives_at <= v_absurd_after THEN
                is_admitted := false;
                RETURN;
            END IF;
        ELSE
            INSERT INTO public.rate_limits AS bucket (bucket_index, arrives_at)
            VALUES (p_bucket_index, p_now + p_bucket_interval)
            ON CONFLICT DO NOTHING
            RETURNING bucket.arrives_at INTO arrives_at;
            IF FOUND THEN
                RETURN;
            END IF;
        END IF;  -- somebody made it after we looked: look again
    END LOOP;
END
$body$;

-- Count one request by itself, unless its bucket is full.
CREATE FUNCTION @schema@.count_request(
    p_bucket_index bytea, p_bucket_interval interval, p_bucket_window interval, p_now timestamptz
) RETURNS TABLE (is_admitted boolean, arrives_at timestamptz) LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_generic_plan SET enable_seqscan = off
AS $body$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT place.is_admitted, place.arrives_at
    FROM @schema@.take_place(p_bucket_index, p_bucket_interval, p_bucket_window, p_now) AS place;
END
$body$;
