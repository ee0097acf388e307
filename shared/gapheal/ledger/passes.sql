-- The last passes of each transition since a moment, the newest first.
SELECT transition, pass_id, source, mode, window_start, window_end, observed_at, gaps_found, triggered, queries,
  bytes_billed, duration_ms, breaker, error
FROM `${ledger}.passes`
WHERE recorded_at >= @recorded_since AND observed_at >= @since
QUALIFY ROW_NUMBER() OVER (PARTITION BY transition ORDER BY observed_at DESC) <= @most
ORDER BY observed_at DESC, transition
