-- Grading: what became of each prediction, by what the player did.
SELECT
  predicted.season_year,
  predicted.game_date,
  predicted.game_id,
  predicted.player_id,
  summary.points AS actual_points,
  ROUND(ABS(predicted.predicted_points - summary.points), 1) AS error,
  CASE
    WHEN predicted.recommendation = 'PASS' THEN NULL
    ELSE (predicted.recommendation = 'OVER') = (summary.points > predicted.line_value)
  END AS correct,
  CURRENT_TIMESTAMP() AS processed_at
FROM nba_predictions.player_prop_predictions AS predicted
JOIN nba_analytics.player_game_summary AS summary
  ON summary.game_id = predicted.game_id AND summary.player_id = predicted.player_id
WHERE predicted.game_date IN (@dates)
