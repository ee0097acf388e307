-- Phase 3: what is known of a player before the game.
SELECT
  season_year,
  game_date,
  game_id,
  player_id,
  team,
  opponent,
  SUBSTR(game_code, 13) = team AS at_home,
  CURRENT_TIMESTAMP() AS processed_at
FROM nba_raw.bdl_player_boxscores
WHERE game_date IN (@dates)
  AND game_kind IN ('regular', 'play_in', 'playoffs')
