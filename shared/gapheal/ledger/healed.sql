-- What healed since a moment, the newest first.
SELECT transition, partition_date, first_seen_at, triggered_at, healed_at, attempts, seconds_to_heal
FROM `${ledger}.heals`
WHERE healed_at >= @since
ORDER BY healed_at DESC, transition, partition_date
