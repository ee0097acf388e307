-- Phase 4: what the model is fed with. Left out, as all of phase 4: the first 14 days of a season.
SELECT
  summary.season_year,
  summary.game_date,
  summary.game_id,
  summary.player_id,
  summary.points,
  summary.minutes,
  context.at_home,
  offense.possessions AS pace,
  CURRENT_TIMESTAMP() AS processed_at
FROM nba_analytics.player_game_summary AS summary
JOIN nba_analytics.upcoming_player_game_context AS context
  ON context.game_id = summary.game_id AND context.player_id = summary.player_id
JOIN nba_analytics.team_offense_game_summary AS offense
  ON offense.game_id = summary.game_id AND offense.team = summary.team
JOIN nba_reference.seasons ON seasons.season_year = summary.season_year
WHERE summary.game_date IN (@dates)
  AND DATE_DIFF(summary.game_date, seasons.opens, DAY) >= 14
