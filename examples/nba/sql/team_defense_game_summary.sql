-- Phase 3: what each team let the other do, in games that count.
SELECT
  season_year,
  game_date,
  game_id,
  opponent AS team,
  team AS opponent,
  SUM(2 * field_goals_made + three_pointers_made + free_throws_made) AS points_allowed,
  SUM(three_pointers_made) AS threes_allowed,
  SUM(turnovers) AS turnovers_forced,
  CURRENT_TIMESTAMP() AS processed_at
FROM nba_raw.bdl_player_boxscores
WHERE game_date IN (@dates)
  AND game_kind IN ('regular', 'play_in', 'playoffs')
GROUP BY season_year, game_date, game_id, team, opponent
