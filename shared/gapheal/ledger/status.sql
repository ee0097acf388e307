-- How many dates of one transition are in which state, as last judged.
SELECT condition, action, COUNT(*) AS dates, MIN(partition_date) AS oldest, MAX(partition_date) AS newest
FROM (
  SELECT partition_date, condition, action,
    ROW_NUMBER() OVER (PARTITION BY partition_date ORDER BY observed_at DESC, recorded_at DESC) AS age_rank
  FROM `${ledger}.verdicts`
  WHERE transition = @transition
)
WHERE age_rank = 1
GROUP BY condition, action
ORDER BY condition, action
