-- Phase 3: what is known of a team before the game.
SELECT DISTINCT
  season_year,
  game_date,
  game_id,
  team,
  opponent,
  SUBSTR(game_code, 13) = team AS at_home,
  game_kind != 'regular' AS decisive,
  CURRENT_TIMESTAMP() AS processed_at
FROM nba_raw.bdl_player_boxscores
WHERE game_date IN (@dates)
  AND game_kind IN ('regular', 'play_in', 'playoffs')
