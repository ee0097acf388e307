-- What the ledger remembers of one transition: one row per date and claim since the date was last seen complete
-- (kind 'date'; n is null where there is none), the heals of the last lease time (kind 'heal'),
-- and one row of facts about the transition itself (kind 'transition').
WITH
  verdict AS (
    SELECT partition_date, condition, action, watermark, code, first_seen_at, arrived_at, triggered_at, observed_at,
      ROW_NUMBER() OVER (PARTITION BY partition_date ORDER BY observed_at DESC, recorded_at DESC) AS age_rank
    FROM `${ledger}.verdicts`
    WHERE transition = @transition
  ),
  latest AS (
    SELECT partition_date, condition, action, watermark, code, first_seen_at, arrived_at
    FROM verdict
    WHERE age_rank = 1
  ),
  completed AS (
    SELECT partition_date, MAX(observed_at) AS completed_at
    FROM verdict
    WHERE condition = 'complete'
    GROUP BY partition_date
  ),
  claim AS (
    -- Several messages may carry one claim (fan-out): delivered if any of them was.
    SELECT partition_date, n,
      MIN(claimed_at) AS claimed_at,
      MIN(watermark) AS claim_watermark,
      MAX(downstream_rows) AS downstream_rows,
      MAX(downstream_entities) AS downstream_entities,
      CASE
        WHEN LOGICAL_OR(outcome = 'published') THEN 'published'
        WHEN LOGICAL_OR(outcome = 'unknown') THEN 'unknown'
        WHEN LOGICAL_OR(outcome = 'busy') THEN 'busy'
        ELSE 'failed'
      END AS outcome
    FROM `${ledger}.triggers`
    WHERE transition = @transition
    GROUP BY partition_date, n
  ),
  highest AS (
    SELECT partition_date, MAX(n) AS highest_n
    FROM claim
    GROUP BY partition_date
  ),
  recent AS (
    SELECT claim.partition_date, claim.n, claim.claimed_at, claim.claim_watermark, claim.downstream_rows,
      claim.downstream_entities, claim.outcome
    FROM claim
    LEFT JOIN completed ON completed.partition_date = claim.partition_date
    WHERE completed.completed_at IS NULL OR claim.claimed_at > completed.completed_at
  ),
  remembered AS (
    SELECT partition_date FROM latest
    WHERE @everything OR condition IN ('missing', 'partial', 'stale', 'waiting', 'settling')
      OR partition_date IN UNNEST(@days)
    UNION DISTINCT
    SELECT partition_date FROM highest WHERE @everything OR partition_date IN UNNEST(@days)
    UNION DISTINCT
    SELECT partition_date FROM recent
  )
SELECT 'date' AS kind, remembered.partition_date,
  latest.condition, latest.action, latest.watermark, latest.code, latest.first_seen_at, latest.arrived_at,
  highest.highest_n, recent.n, recent.claimed_at, recent.claim_watermark, recent.downstream_rows,
  recent.downstream_entities, recent.outcome, CAST(NULL AS TIMESTAMP) AS healed_at, CAST(NULL AS BOOL) AS flag
FROM remembered
LEFT JOIN latest ON latest.partition_date = remembered.partition_date
LEFT JOIN highest ON highest.partition_date = remembered.partition_date
LEFT JOIN recent ON recent.partition_date = remembered.partition_date
UNION ALL
SELECT 'heal', partition_date, NULL, NULL, NULL, NULL, NULL, NULL,
  NULL, NULL, triggered_at, NULL, NULL, NULL, NULL, observed_at, NULL
FROM verdict
WHERE triggered_at IS NOT NULL AND observed_at > @heals_since
UNION ALL
SELECT 'healed_before', NULL, NULL, NULL, NULL, NULL, NULL, NULL,
  NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
  EXISTS (SELECT 1 FROM verdict WHERE triggered_at IS NOT NULL)
UNION ALL
SELECT 'scanned_before', NULL, NULL, NULL, NULL, NULL, NULL, NULL,
  NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
  EXISTS (
    SELECT 1 FROM `${ledger}.passes`
    WHERE transition = @transition AND source IN ('scan', 'sweep') AND gaps_found IS NOT NULL
  )
