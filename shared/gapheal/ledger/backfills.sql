-- Every state of every backfill, oldest first.
SELECT TO_JSON_STRING(STRUCT(backfill_id, state, observed_at, who, why, window_start, window_end, asked, report)) AS fact
FROM `${ledger}.backfills`
ORDER BY observed_at, recorded_at
