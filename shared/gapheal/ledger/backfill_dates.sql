-- What became of each date of a window since a backfill began: its last verdict, its triggers, and its heal.
WITH
  verdict AS (
    SELECT transition, partition_date, condition, action, code, sentence,
      MIN(IF(condition = 'complete' AND triggered_at >= @since, observed_at, NULL))
        OVER (PARTITION BY transition, partition_date) AS healed_at
    FROM `${ledger}.verdicts`
    WHERE transition IN UNNEST(SPLIT(@names)) AND partition_date BETWEEN @first AND @last
    QUALIFY ROW_NUMBER() OVER (PARTITION BY transition, partition_date ORDER BY observed_at DESC, recorded_at DESC) = 1
  ),
  claim AS (
    SELECT transition, partition_date, COUNT(DISTINCT n) AS triggers,
      MIN(claimed_at) AS first_at, MAX(claimed_at) AS last_at
    FROM `${ledger}.triggers`
    WHERE transition IN UNNEST(SPLIT(@names)) AND partition_date BETWEEN @first AND @last
      AND claimed_at >= @since AND outcome IN ('published', 'unknown')
    GROUP BY transition, partition_date
  )
SELECT
  COALESCE(verdict.transition, claim.transition) AS transition,
  COALESCE(verdict.partition_date, claim.partition_date) AS partition_date,
  verdict.condition, verdict.action, verdict.code, verdict.sentence, verdict.healed_at,
  COALESCE(claim.triggers, 0) AS triggers, claim.first_at, claim.last_at
FROM verdict
FULL JOIN claim ON claim.transition = verdict.transition AND claim.partition_date = verdict.partition_date
ORDER BY 1, 2
