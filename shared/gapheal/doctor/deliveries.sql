-- The last delivery of each transition; of several at one moment the one with an error.
SELECT transition, partition_date, outcome, error, observed_at
FROM `${ledger}.triggers`
WHERE transition IN UNNEST(SPLIT(@names))
QUALIFY ROW_NUMBER() OVER (
  PARTITION BY transition ORDER BY observed_at DESC, IF(error IS NULL, 1, 0), partition_date
) = 1
