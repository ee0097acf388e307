-- Phase 4: from where on the court a team lets others score. It wants 15 games of each team: 25 days of a season.
SELECT
  season_year,
  game_date AS analysis_date,
  game_id,
  team,
  3 * threes_allowed AS perimeter_points_allowed,
  points_allowed - 3 * threes_allowed AS inside_points_allowed,
  CURRENT_TIMESTAMP() AS processed_at
FROM nba_analytics.team_defense_game_summary
JOIN nba_reference.seasons USING (season_year)
WHERE game_date IN (@dates)
  AND DATE_DIFF(game_date, opens, DAY) >= 25
