-- The last word that a backfill said of each date.
SELECT transition, partition_date, decision, observed_at
FROM `${ledger}.decisions`
WHERE backfill_id = @backfill_id
QUALIFY ROW_NUMBER() OVER (PARTITION BY transition, partition_date ORDER BY observed_at DESC, recorded_at DESC) = 1
ORDER BY transition, partition_date
