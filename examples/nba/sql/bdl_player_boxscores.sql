-- Phase 2, raw: box scores as a vendor delivers them, ten to thirteen players a side. Made up by arithmetic from
-- the game and the player alone, so that any machine makes the same rows.
WITH
sides AS (
  SELECT *, home_team AS team, away_team AS opponent, 0 AS side FROM nba_reference.schedule
  UNION ALL
  SELECT *, away_team AS team, home_team AS opponent, 1 AS side FROM nba_reference.schedule
),
players AS (
  SELECT
    *,
    -- The alphabet is enough to give each team its own block of player numbers.
    676 * (ASCII(team) - 65) + 26 * (ASCII(SUBSTR(team, 2)) - 65) + ASCII(SUBSTR(team, 3)) - 65 AS team_number,
    MOD(CAST(SUBSTR(game_id, 3) AS INT64) * 7919 + side * 104729 + slot * 15485863, 99991) AS dice
  FROM sides, UNNEST(GENERATE_ARRAY(1, 13)) AS slot
  WHERE slot <= 10 + MOD(CAST(SUBSTR(game_id, 7) AS INT64) + side, 4)
),
minutes AS (
  SELECT
    *,
    CASE WHEN slot <= 5 THEN 28 + MOD(dice, 11) WHEN slot <= 8 THEN 14 + MOD(dice, 9) ELSE 3 + MOD(dice, 8) END AS minutes
  FROM players
),
shots AS (
  SELECT
    *,
    CAST(ROUND(minutes * (25 + MOD(DIV(dice, 11), 26)) / 100) AS INT64) AS attempts,
    MOD(DIV(dice, 17), 5) AS free_throws
  FROM minutes
),
hits AS (
  SELECT *, CAST(ROUND(attempts * (38 + MOD(DIV(dice, 29), 19)) / 100) AS INT64) AS field_goals FROM shots
)
SELECT
  season_year,
  game_date,
  game_id,
  game_code,
  game_kind,
  team_number * 100 + slot AS player_id,
  team,
  opponent,
  minutes,
  field_goals AS field_goals_made,
  attempts AS field_goals_attempted,
  DIV(field_goals * MOD(DIV(dice, 31), 60), 100) AS three_pointers_made,
  free_throws - MOD(DIV(dice, 37), 2) * SIGN(free_throws) AS free_throws_made,
  free_throws AS free_throws_attempted,
  DIV(minutes * (5 + MOD(DIV(dice, 41), 25)), 100) AS rebounds,
  DIV(minutes * (3 + MOD(DIV(dice, 43), 20)), 100) AS assists,
  MOD(DIV(dice, 47), 4) AS turnovers,
  CURRENT_TIMESTAMP() AS processed_at
FROM hits
