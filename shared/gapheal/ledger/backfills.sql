-- Every state of every backfill, oldest first.
WITH backfill AS (
  SELECT backfill_id, state, observed_at, recorded_at, who, why, window_start, window_end, asked, report
  FROM `${ledger}.backfills`
)
SELECT TO_JSON_STRING(backfill) AS fact
FROM backfill
ORDER BY observed_at, recorded_at
