-- Phase 4: from where on the court a player of the rotation scores. It wants 17 days of a season.
SELECT
  season_year,
  game_date AS analysis_date,
  game_id,
  player_id,
  team,
  ROUND(SAFE_DIVIDE(3 * three_pointers_made, points), 4) AS perimeter_share,
  true_shooting,
  CURRENT_TIMESTAMP() AS processed_at
FROM nba_analytics.player_game_summary
JOIN nba_reference.seasons USING (season_year)
WHERE game_date IN (@dates)
  AND minutes >= 14
  AND DATE_DIFF(game_date, opens, DAY) >= 17
