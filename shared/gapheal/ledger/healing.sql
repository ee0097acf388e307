-- What healed lately of one transition, and how long that took (nearest rank).
SELECT COUNTIF(healed_at > @day_ago) AS last_day, COUNT(*) AS last_30_days,
  MIN(IF(place >= CEIL(heals * 0.5), seconds_to_heal, NULL)) AS p50_seconds,
  MIN(IF(place >= CEIL(heals * 0.95), seconds_to_heal, NULL)) AS p95_seconds
FROM (
  SELECT healed_at, seconds_to_heal, ROW_NUMBER() OVER (ORDER BY seconds_to_heal) AS place, COUNT(*) OVER () AS heals
  FROM `${ledger}.heals`
  WHERE transition = @transition AND healed_at > @month_ago
)
