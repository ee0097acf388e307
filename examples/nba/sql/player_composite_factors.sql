-- Phase 4: the factors that predictions rest on. The first 14 days of a season have too little history behind them
-- and are left out by design.
WITH factors AS (
  SELECT
    summary.season_year,
    summary.game_date,
    summary.game_id,
    summary.player_id,
    summary.team,
    ROUND(1 - summary.minutes / 96, 4) AS fatigue_factor,
    ROUND(0.8 + summary.usage_rate, 4) AS usage_factor,
    ROUND(0.55 + defense.points_allowed / 240, 4) AS matchup_factor
  FROM nba_analytics.player_game_summary AS summary
  JOIN nba_analytics.team_defense_game_summary AS defense
    ON defense.game_id = summary.game_id AND defense.team = summary.opponent
  JOIN nba_reference.seasons ON seasons.season_year = summary.season_year
  WHERE summary.game_date IN (@dates)
    AND DATE_DIFF(summary.game_date, seasons.opens, DAY) >= 14
)
SELECT
  season_year,
  game_date,
  game_id,
  player_id,
  team,
  fatigue_factor,
  usage_factor,
  matchup_factor,
  ROUND(fatigue_factor * usage_factor * matchup_factor, 4) AS composite_factor,
  CURRENT_TIMESTAMP() AS processed_at
FROM factors
