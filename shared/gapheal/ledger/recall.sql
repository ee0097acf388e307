-- What the ledger remembers of one transition, one fact a row, as JSON. The names are the transition's own and what
-- its upstream phases are fed by. Which facts still count, `recall.py` says.
-- A row's own moment is its writer's, for a decision a person's clock: no row is taken for later than it was stored.
WITH
  verdict AS (
    -- The latest of each date. Those of the feeding transitions tell what they have given up.
    SELECT transition, partition_date, condition, action, watermark, code, first_seen_at, arrived_at, grew_at,
      downstream_rows, downstream_entities, spec_hash, seen_whole,
      MAX(IF(condition = 'complete', told_at, NULL)) OVER (PARTITION BY transition, partition_date) AS completed_at
    FROM (SELECT *, LEAST(observed_at, recorded_at) AS told_at FROM `${ledger}.verdicts`)
    WHERE transition IN UNNEST(SPLIT(@names))
    QUALIFY ROW_NUMBER() OVER (PARTITION BY transition, partition_date ORDER BY told_at DESC, recorded_at DESC) = 1
  ),
  claim AS (
    -- Several messages may carry one claim (fan-out): delivered if any of them was.
    SELECT partition_date, n,
      MIN(LEAST(COALESCE(claimed_at, observed_at), recorded_at)) AS claimed_at,
      MIN(watermark) AS watermark,
      MIN(trigger_id) AS trigger_id,
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
  word AS (
    -- The last word on each date is the one that counts.
    SELECT transition, partition_date, decision, who, why, until, told_at AS observed_at
    FROM (SELECT *, LEAST(observed_at, recorded_at) AS told_at FROM `${ledger}.decisions`)
    WHERE transition IN UNNEST(SPLIT(@names))
    QUALIFY ROW_NUMBER() OVER (PARTITION BY transition, partition_date ORDER BY told_at DESC, recorded_at DESC) = 1
  ),
  remembered AS (
    SELECT partition_date FROM verdict
    WHERE transition = @transition AND condition IN ('missing', 'partial', 'stale', 'waiting', 'settling')
    UNION DISTINCT
    SELECT claim.partition_date FROM claim
    LEFT JOIN verdict ON verdict.partition_date = claim.partition_date AND verdict.transition = @transition
    WHERE verdict.completed_at IS NULL OR claim.claimed_at > verdict.completed_at
    UNION DISTINCT
    SELECT partition_date FROM word
    WHERE transition = @transition AND decision IN ('retry', 'again') AND observed_at > @retried_since
    UNION DISTINCT
    SELECT day FROM UNNEST(@recalled) AS day
  )
SELECT 'verdict' AS kind, TO_JSON_STRING(verdict) AS fact
FROM verdict
WHERE (transition = @transition AND (@everything OR partition_date IN (SELECT partition_date FROM remembered)))
  OR (transition != @transition AND action = 'stalled')
UNION ALL
SELECT 'claim', TO_JSON_STRING(claim)
FROM claim
WHERE @everything OR partition_date IN (SELECT partition_date FROM remembered)
UNION ALL
SELECT 'word', TO_JSON_STRING(word)
FROM word
UNION ALL
-- The heals of the last lease time, or the last one that ever was.
SELECT 'heal', TO_JSON_STRING(STRUCT(triggered_at AS triggered_at, told_at AS healed_at, trigger_id AS trigger_id))
FROM (SELECT *, LEAST(observed_at, recorded_at) AS told_at FROM `${ledger}.verdicts`)
WHERE transition = @transition AND triggered_at IS NOT NULL
QUALIFY told_at > @heals_since OR ROW_NUMBER() OVER (PARTITION BY transition ORDER BY told_at DESC) = 1
UNION ALL
SELECT 'scans', TO_JSON_STRING(COUNT(*))
FROM `${ledger}.passes`
WHERE transition = @transition AND source IN ('scan', 'sweep') AND gaps_found IS NOT NULL
UNION ALL
-- What people were last told: the newest row says all of it.
SELECT 'told', TO_JSON_STRING(STRUCT(n AS n, state AS state))
FROM `${ledger}.alerts`
WHERE transition = @transition
QUALIFY ROW_NUMBER() OVER (PARTITION BY transition ORDER BY n DESC, step DESC) = 1
