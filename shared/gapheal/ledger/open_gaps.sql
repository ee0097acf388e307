-- Every date that is a gap now, as the last pass that looked at it judged it.
SELECT transition, partition_date, condition, action, code, sentence, numbers, attempts, first_seen_at, arrived_at,
  watermark, downstream_rows, downstream_entities, observed_at
FROM `${ledger}.verdicts`
WHERE condition IS NOT NULL
QUALIFY ROW_NUMBER() OVER (PARTITION BY transition, partition_date ORDER BY observed_at DESC, recorded_at DESC) = 1
  AND condition IN ('missing', 'partial', 'stale')
