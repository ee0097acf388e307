-- The last 24 scans and sweeps of each transition, newest first.
SELECT transition, source, mode, observed_at, gaps_found, CAST(JSON_VALUE(actions, '$.deferred') AS INT64) AS deferred,
  breaker, spec_hash, error
FROM `${ledger}.passes`
WHERE source IN ('scan', 'sweep') AND transition IN UNNEST(SPLIT(@names))
QUALIFY ROW_NUMBER() OVER (PARTITION BY transition ORDER BY observed_at DESC) <= 24
ORDER BY transition, observed_at DESC
