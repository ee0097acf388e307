-- Phase 4, precompute: the factors that predictions rest on. The first 14 days of a season have too little
-- history behind them and are left out by design.
WITH
openings AS (
  SELECT season_year, MIN(game_date) AS opens FROM nba_reference.schedule GROUP BY season_year
),
matchups AS (
  -- Whole numbers until the last step: averages of fractions depend on the order of the rows.
  SELECT game_id, opponent, SUM(points) / SUM(minutes) AS points_allowed
  FROM nba_analytics.player_game_summary
  WHERE game_date BETWEEN @start_date AND @end_date
  GROUP BY game_id, opponent
),
factors AS (
  SELECT
    summary.season_year,
    summary.game_date,
    summary.game_id,
    summary.player_id,
    summary.team,
    summary.points,
    ROUND(1 - summary.minutes / 96, 4) AS fatigue_factor,
    ROUND(0.8 + summary.usage_rate, 4) AS usage_factor,
    ROUND(0.55 + matchups.points_allowed, 4) AS matchup_factor
  FROM nba_analytics.player_game_summary AS summary
  JOIN matchups USING (game_id, opponent)
  JOIN openings USING (season_year)
  WHERE summary.game_date BETWEEN @start_date AND @end_date
    AND DATE_DIFF(summary.game_date, openings.opens, DAY) >= 14
)
SELECT
  season_year,
  game_date,
  game_id,
  player_id,
  team,
  points,
  fatigue_factor,
  usage_factor,
  matchup_factor,
  ROUND(fatigue_factor * usage_factor * matchup_factor, 4) AS composite_factor,
  CURRENT_TIMESTAMP() AS processed_at
FROM factors
