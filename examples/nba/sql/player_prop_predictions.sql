-- Phase 5: one prop per player and game.
WITH predicted AS (
  SELECT
    features.season_year,
    features.game_date,
    features.game_id,
    features.player_id,
    FLOOR(0.95 * features.points) + 0.5 AS line_value,
    ROUND(features.points * (0.6 + 0.5 * factors.composite_factor), 1) AS predicted_points
  FROM nba_predictions.ml_feature_store AS features
  JOIN nba_precompute.player_composite_factors AS factors
    ON factors.game_id = features.game_id AND factors.player_id = features.player_id
  WHERE features.game_date IN (@dates)
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
