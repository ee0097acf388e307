-- Dates that a pass in mode heal saw as gaps, and that came whole without a trigger of the ledger: since then.
WITH told AS (
  SELECT verdicts.transition, verdicts.partition_date, verdicts.condition, verdicts.triggered_at, verdicts.observed_at,
    LAG(verdicts.condition) OVER (
      PARTITION BY verdicts.transition, verdicts.partition_date ORDER BY verdicts.observed_at, verdicts.recorded_at
    ) AS condition_before,
    LAG(passes.mode) OVER (
      PARTITION BY verdicts.transition, verdicts.partition_date ORDER BY verdicts.observed_at, verdicts.recorded_at
    ) AS mode_before,
    LAG(verdicts.first_seen_at) OVER (
      PARTITION BY verdicts.transition, verdicts.partition_date ORDER BY verdicts.observed_at, verdicts.recorded_at
    ) AS gap_seen_at
  FROM `${ledger}.verdicts` AS verdicts
  LEFT JOIN `${ledger}.passes` AS passes ON passes.pass_id = verdicts.pass_id
  WHERE verdicts.transition IN UNNEST(SPLIT(@names))
)
SELECT transition, partition_date, gap_seen_at, observed_at AS whole_at
FROM told
WHERE condition = 'complete' AND triggered_at IS NULL AND condition_before IN ('missing', 'partial')
  AND mode_before = 'heal' AND observed_at > @since
ORDER BY transition, partition_date
