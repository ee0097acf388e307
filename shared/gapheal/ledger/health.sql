-- Of each transition: its first pass, its last scan that went well, what the newest scan failed of, and its last sweep.
-- A pass that failed has seen nothing and says why; one that was paused has seen nothing and went well.
SELECT transition,
  MIN(observed_at) AS first_pass_at,
  MAX(IF(source = 'scan' AND NOT failed, observed_at, NULL)) AS last_scan_at,
  MAX(IF(source = 'scan' AND failed AND place = 1, error, NULL)) AS last_error,
  MAX(IF(source = 'sweep' AND NOT failed, observed_at, NULL)) AS last_sweep_at
FROM (
  SELECT transition, source, observed_at, error, gaps_found IS NULL AND error IS NOT NULL AS failed,
    ROW_NUMBER() OVER (PARTITION BY transition, source ORDER BY observed_at DESC, recorded_at DESC) AS place
  FROM `${ledger}.passes`
)
GROUP BY transition
ORDER BY transition
