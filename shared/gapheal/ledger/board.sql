-- The last verdict of each date, of every transition.
SELECT transition, partition_date, condition, action, code, sentence, attempts, first_seen_at, observed_at
FROM `${ledger}.verdicts`
WHERE condition IS NOT NULL
QUALIFY ROW_NUMBER() OVER (PARTITION BY transition, partition_date ORDER BY observed_at DESC, recorded_at DESC) = 1
ORDER BY transition, partition_date
