-- The last scan or sweep of each transition: a watcher's heartbeat.
SELECT transition, pass_id, source, mode, observed_at AS last_pass_at, duration_ms, queries, bytes_billed,
  gaps_found, triggered, error
FROM `${ledger}.passes`
WHERE source IN ('scan', 'sweep')
QUALIFY ROW_NUMBER() OVER (PARTITION BY transition ORDER BY observed_at DESC) = 1
