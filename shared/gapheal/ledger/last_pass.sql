-- The latest recorded pass of one transition, and what the latest one that looked at anything said of the breaker.
SELECT pass_id, source, mode, observed_at, gaps_found, triggered, duration_ms, error,
  FIRST_VALUE(breaker IGNORE NULLS) OVER (
    ORDER BY observed_at DESC ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
  ) AS breaker
FROM `${ledger}.passes`
WHERE transition = @transition
ORDER BY observed_at DESC
LIMIT 1
