-- What was counted of each date of each table of a transition, the newest of each. Older days of the table are not read.
SELECT spec_hash, partition_date, row_count, entity_count, written_at, stamp, observed_at
FROM `${ledger}.counts`
WHERE transition = @transition AND recorded_at > @recorded_since
QUALIFY ROW_NUMBER() OVER (PARTITION BY spec_hash, partition_date ORDER BY observed_at DESC, recorded_at DESC) = 1
