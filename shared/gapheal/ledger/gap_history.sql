-- Every gap that ever was, one row from first sight to its end: when its data arrived, when it was seen, when and how it
-- was closed, and whether a person said a word about it. Stale dates that are only reported, and whole dates that a
-- person asked for anew, are no gaps.
WITH
  looked AS (
    -- A transition's first scan or sweep finds the history: what was lost before anybody looked.
    SELECT transition, MIN(observed_at) AS first_at
    FROM `${ledger}.passes`
    WHERE source IN ('scan', 'sweep') AND gaps_found IS NOT NULL
    GROUP BY transition
  ),
  said AS (
    SELECT transition, partition_date, observed_at, recorded_at, condition, code, arrived_at, triggered_at,
      condition IN ('complete', 'excused') AS is_end, FALSE AS is_again
    FROM `${ledger}.verdicts`
    WHERE condition IS NOT NULL
    UNION ALL
    SELECT transition, partition_date, observed_at, recorded_at, NULL, NULL, NULL, NULL, FALSE, decision = 'again'
    FROM `${ledger}.decisions`
  ),
  numbered AS (
    -- What lies between two ends is one story.
    SELECT *,
      COALESCE(SUM(IF(is_end, 1, 0)) OVER earlier, 0) AS story,
      MAX(IF(is_end, observed_at, NULL)) OVER earlier AS ended_before,
      MAX(IF(is_again, observed_at, NULL)) OVER earlier AS asked_anew_at
    FROM said
    WINDOW earlier AS (
      PARTITION BY transition, partition_date ORDER BY observed_at, recorded_at
      ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
    )
  ),
  sorted AS (
    SELECT *,
      condition IN ('missing', 'partial')
        OR (condition = 'stale' AND code != 'stale_reported' AND NOT IFNULL(asked_anew_at > ended_before, FALSE)) AS is_gap
    FROM numbered
  ),
  told AS (
    SELECT transition, partition_date, condition, code, arrived_at, ended_before, observed_at AS opened_at,
      MAX(IF(is_end, observed_at, NULL)) OVER one_story AS closed_at,
      MAX(IF(is_end, condition, NULL)) OVER one_story AS closed_as,
      MAX(IF(is_end, triggered_at, NULL)) OVER one_story AS triggered_at,
      MAX(IF(condition IS NULL, observed_at, NULL)) OVER one_story AS decided_at
    FROM sorted
    WHERE TRUE
    QUALIFY is_gap AND ROW_NUMBER() OVER (
      PARTITION BY transition, partition_date, story, is_gap ORDER BY observed_at, recorded_at
    ) = 1
    WINDOW one_story AS (PARTITION BY transition, partition_date, story)
  )
SELECT told.transition, told.partition_date, told.condition, told.code, told.arrived_at, told.opened_at,
  told.closed_at, told.closed_as, told.triggered_at,
  -- A word lasts seven days: an older one is not about this gap.
  IF(told.decided_at > TIMESTAMP_SUB(told.opened_at, INTERVAL 7 DAY), told.decided_at, NULL) AS decided_at,
  looked.first_at IS NULL OR told.opened_at <= looked.first_at AS is_baseline,
  -- Unknown where the data was there before: an earlier verdict had it, or nobody looked yet.
  IF(
    told.opened_at > looked.first_at AND told.arrived_at < told.opened_at
      AND (told.ended_before IS NULL OR told.ended_before < told.arrived_at),
    TIMESTAMP_DIFF(told.opened_at, told.arrived_at, SECOND), NULL
  ) AS seconds_to_detect,
  IF(told.closed_as = 'complete', TIMESTAMP_DIFF(told.closed_at, told.opened_at, SECOND), NULL) AS seconds_to_heal
FROM told
LEFT JOIN looked ON looked.transition = told.transition
