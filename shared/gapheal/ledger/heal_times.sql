-- When dates were triggered and first seen healed: the last 200 of each transition.
SELECT transition, triggered_at, healed_at
FROM (
  SELECT transition, triggered_at, MIN(observed_at) AS healed_at
  FROM `${ledger}.verdicts`
  WHERE condition = 'complete' AND triggered_at IS NOT NULL AND transition IN UNNEST(SPLIT(@names))
  GROUP BY transition, partition_date, triggered_at
)
WHERE TRUE
QUALIFY ROW_NUMBER() OVER (PARTITION BY transition ORDER BY healed_at DESC) <= 200
ORDER BY transition, healed_at
