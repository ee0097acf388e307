-- Phase 4: a player's rates, kept ready by day. Left out, as all of phase 4: the first 14 days of a season.
SELECT
  summary.season_year,
  summary.game_date AS cache_date,
  summary.game_id,
  summary.player_id,
  summary.team,
  ROUND(36 * summary.points / summary.minutes, 2) AS points_per_36,
  ROUND(36 * summary.rebounds / summary.minutes, 2) AS rebounds_per_36,
  context.decisive,
  CURRENT_TIMESTAMP() AS processed_at
FROM nba_analytics.player_game_summary AS summary
JOIN nba_analytics.upcoming_team_game_context AS context
  ON context.game_id = summary.game_id AND context.team = summary.team
JOIN nba_reference.seasons ON seasons.season_year = summary.season_year
WHERE summary.game_date IN (@dates)
  AND DATE_DIFF(summary.game_date, seasons.opens, DAY) >= 14
