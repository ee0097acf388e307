-- Phase 6: one line per published file, a file per game and kind of export.
SELECT
  season_year,
  game_date,
  game_id,
  export_type,
  CONCAT(export_type, '/', CAST(game_date AS STRING), '/', game_id, '.json') AS path,
  COUNTIF(recommendation != 'PASS') AS picks,
  CURRENT_TIMESTAMP() AS processed_at
FROM nba_predictions.player_prop_predictions, UNNEST([@export_types]) AS export_type
WHERE game_date IN (@dates)
GROUP BY season_year, game_date, game_id, export_type
