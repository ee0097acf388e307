-- The latest recorded pass of one transition.
SELECT pass_id, source, mode, observed_at, gaps_found, triggered, duration_ms, error
FROM `${ledger}.passes`
WHERE transition = @transition
ORDER BY observed_at DESC
LIMIT 1
