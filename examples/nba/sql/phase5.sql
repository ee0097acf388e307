-- Phase 5, predictions: one prop per player and game.
WITH predicted AS (
  SELECT
    season_year,
    game_date,
    game_id,
    player_id,
    FLOOR(0.95 * points) + 0.5 AS line_value,
    ROUND(points * (0.6 + 0.5 * composite_factor), 1) AS predicted_points
  FROM nba_precompute.player_composite_factors
  WHERE game_date BETWEEN @start_date AND @end_date
)
SELECT
  season_year,
  game_date,
  game_id,
  player_id,
  line_value,
  predicted_points,
  CASE
    WHEN ABS(predicted_points - line_value) < 1 THEN 'PASS'
    WHEN predicted_points > line_value THEN 'OVER'
    ELSE 'UNDER'
  END AS recommendation,
  CURRENT_TIMESTAMP() AS processed_at
FROM predicted
