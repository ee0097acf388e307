-- Phase 3: what each player did in each game that counts. All-star and exhibition games do not.
WITH team_totals AS (
  SELECT
    game_id,
    team,
    SUM(field_goals_attempted + turnovers) + 0.44 * SUM(free_throws_attempted) AS possessions,
    SUM(minutes) AS minutes
  FROM nba_raw.bdl_player_boxscores
  WHERE game_date IN (@dates)
  GROUP BY game_id, team
)
SELECT
  box.season_year,
  box.game_date,
  box.game_id,
  box.game_code,
  box.player_id,
  box.team,
  box.opponent,
  box.minutes,
  2 * box.field_goals_made + box.three_pointers_made + box.free_throws_made AS points,
  box.three_pointers_made,
  box.rebounds,
  box.assists,
  ROUND(SAFE_DIVIDE(
    2 * box.field_goals_made + box.three_pointers_made + box.free_throws_made,
    2 * (box.field_goals_attempted + 0.44 * box.free_throws_attempted)
  ), 4) AS true_shooting,
  ROUND(SAFE_DIVIDE(
    (box.field_goals_attempted + 0.44 * box.free_throws_attempted + box.turnovers) * team_totals.minutes,
    5 * box.minutes * team_totals.possessions
  ), 4) AS usage_rate,
  CURRENT_TIMESTAMP() AS processed_at
FROM nba_raw.bdl_player_boxscores AS box
JOIN team_totals USING (game_id, team)
WHERE box.game_date IN (@dates)
  AND box.game_kind IN ('regular', 'play_in', 'playoffs')
