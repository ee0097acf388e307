-- Every gap that was triggered and then seen complete: when it was first seen, last triggered, and healed.
-- Passes that run side by side may each see the same heal: the first one counts.
SELECT transition, partition_date, first_seen_at, triggered_at, observed_at AS healed_at, attempts,
  TIMESTAMP_DIFF(observed_at, first_seen_at, SECOND) AS seconds_to_heal
FROM `${ledger}.verdicts`
WHERE condition = 'complete' AND triggered_at IS NOT NULL
QUALIFY ROW_NUMBER() OVER (PARTITION BY transition, partition_date, triggered_at ORDER BY observed_at) = 1
