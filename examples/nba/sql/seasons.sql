-- When each season opened: warm-ups are counted from there.
SELECT season_year, MIN(game_date) AS opens
FROM nba_reference.schedule
GROUP BY season_year
