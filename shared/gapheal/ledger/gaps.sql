-- Open gaps of one transition by reason, as the last pass that looked at each date judged it.
SELECT code, condition, action, COUNT(*) AS dates, MIN(partition_date) AS oldest, MAX(partition_date) AS newest,
  MIN(first_seen_at) AS first_seen_at
FROM `${ledger}.open_gaps`
WHERE transition = @transition
GROUP BY code, condition, action
ORDER BY dates DESC, code, action
