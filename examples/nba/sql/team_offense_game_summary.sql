-- Phase 3: what each team did with the ball, in games that count.
SELECT
  season_year,
  game_date,
  game_id,
  team,
  opponent,
  SUM(2 * field_goals_made + three_pointers_made + free_throws_made) AS points,
  SUM(assists) AS assists,
  ROUND(SUM(field_goals_attempted + turnovers) + 0.44 * SUM(free_throws_attempted), 2) AS possessions,
  CURRENT_TIMESTAMP() AS processed_at
FROM nba_raw.bdl_player_boxscores
WHERE game_date IN (@dates)
  AND game_kind IN ('regular', 'play_in', 'playoffs')
GROUP BY season_year, game_date, game_id, team, opponent
