-- How well gaps are healed, by transition, and (transition null) of the whole pipeline. A gap counts against a time once
-- that time is over. What a transition's first look found is counted apart: it was lost before anybody looked.
WITH
  gap AS (
    SELECT IF(scope = 'all', NULL, transition) AS transition, closed_at, closed_as, triggered_at, decided_at,
      seconds_to_detect, seconds_to_heal, opened_at, is_baseline,
      opened_at >= @since AND NOT is_baseline AS counts
    FROM `${ledger}.gap_history`
    CROSS JOIN UNNEST(['each', 'all']) AS scope
    WHERE opened_at <= @until
  ),
  placed AS (
    SELECT *,
      ROW_NUMBER() OVER (PARTITION BY transition, counts ORDER BY seconds_to_heal IS NULL, seconds_to_heal) AS heal_place,
      COUNT(seconds_to_heal) OVER (PARTITION BY transition, counts) AS heals,
      ROW_NUMBER() OVER (
        PARTITION BY transition, counts ORDER BY seconds_to_detect IS NULL, seconds_to_detect
      ) AS detect_place,
      COUNT(seconds_to_detect) OVER (PARTITION BY transition, counts) AS detections
    FROM gap
  )
SELECT transition,
  COUNTIF(counts) AS gaps,
  COUNTIF(counts AND closed_as = 'complete') AS healed,
  COUNTIF(counts AND closed_as = 'complete' AND triggered_at IS NOT NULL) AS triggered,
  COUNTIF(counts AND closed_as = 'excused') AS excused,
  COUNTIF(counts AND decided_at IS NOT NULL) AS decided,
  COUNTIF(counts AND opened_at <= TIMESTAMP_SUB(@until, INTERVAL 1 HOUR)) AS due_1h,
  COUNTIF(counts AND opened_at <= TIMESTAMP_SUB(@until, INTERVAL 1 HOUR) AND seconds_to_heal <= 3600) AS healed_1h,
  COUNTIF(counts AND opened_at <= TIMESTAMP_SUB(@until, INTERVAL 24 HOUR)) AS due_24h,
  COUNTIF(counts AND opened_at <= TIMESTAMP_SUB(@until, INTERVAL 24 HOUR) AND seconds_to_heal <= 86400) AS healed_24h,
  COUNTIF(
    counts AND opened_at <= TIMESTAMP_SUB(@until, INTERVAL 24 HOUR) AND seconds_to_heal <= 86400 AND decided_at IS NULL
  ) AS alone_24h,
  MIN(IF(counts AND detect_place >= CEIL(detections * 0.5), seconds_to_detect, NULL)) AS detect_p50_seconds,
  MIN(IF(counts AND detect_place >= CEIL(detections * 0.95), seconds_to_detect, NULL)) AS detect_p95_seconds,
  MIN(IF(counts AND heal_place >= CEIL(heals * 0.5), seconds_to_heal, NULL)) AS heal_p50_seconds,
  MIN(IF(counts AND heal_place >= CEIL(heals * 0.95), seconds_to_heal, NULL)) AS heal_p95_seconds,
  COUNTIF(opened_at >= @since AND is_baseline) AS baseline_gaps,
  COUNTIF(opened_at >= @since AND is_baseline AND closed_as = 'complete') AS baseline_healed,
  COUNTIF(closed_at IS NULL) AS open_now
FROM placed
GROUP BY transition
ORDER BY transition IS NOT NULL, transition
