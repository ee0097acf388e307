-- Gaps found by the last scan or sweep of each day (UTC) that looked, by transition.
SELECT transition, DATE(observed_at) AS day, gaps_found, triggered
FROM `${ledger}.passes`
WHERE source IN ('scan', 'sweep') AND gaps_found IS NOT NULL
QUALIFY ROW_NUMBER() OVER (PARTITION BY transition, DATE(observed_at) ORDER BY observed_at DESC) = 1
