-- Phase 6, exports: one line per published file, a file per game.
SELECT
  season_year,
  game_date,
  game_id,
  CONCAT('predictions/', CAST(game_date AS STRING), '/', game_id, '.json') AS path,
  COUNTIF(recommendation != 'PASS') AS picks,
  CURRENT_TIMESTAMP() AS processed_at
FROM nba_predictions.player_prop_predictions
WHERE game_date BETWEEN @start_date AND @end_date
GROUP BY season_year, game_date, game_id
