-- The tables of the example. Datasets are created by seed.py, in the pipeline's own location.

CREATE TABLE IF NOT EXISTS nba_reference.schedule (
  season_year INT64,      -- 2021 is the season 2021-22
  game_date DATE,
  game_id STRING,         -- 0022100001: kind, season, number
  game_code STRING,       -- 20211019/BKNMIL
  game_kind STRING,       -- regular, play_in, playoffs, all_star
  home_team STRING,
  away_team STRING
) PARTITION BY game_date;

CREATE TABLE IF NOT EXISTS nba_raw.bdl_player_boxscores (
  season_year INT64,
  game_date DATE,
  game_id STRING,
  game_code STRING,
  game_kind STRING,
  player_id INT64,
  team STRING,
  opponent STRING,
  minutes INT64,
  field_goals_made INT64,
  field_goals_attempted INT64,
  three_pointers_made INT64,
  free_throws_made INT64,
  free_throws_attempted INT64,
  rebounds INT64,
  assists INT64,
  turnovers INT64,
  processed_at TIMESTAMP
) PARTITION BY game_date;

CREATE TABLE IF NOT EXISTS nba_analytics.player_game_summary (
  season_year INT64,
  game_date DATE,
  game_id STRING,
  game_code STRING,
  player_id INT64,
  team STRING,
  opponent STRING,
  minutes INT64,
  points INT64,
  rebounds INT64,
  assists INT64,
  true_shooting FLOAT64,
  usage_rate FLOAT64,
  processed_at TIMESTAMP
) PARTITION BY game_date;

CREATE TABLE IF NOT EXISTS nba_precompute.player_composite_factors (
  season_year INT64,
  game_date DATE,
  game_id STRING,
  player_id INT64,
  team STRING,
  points INT64,
  fatigue_factor FLOAT64,
  usage_factor FLOAT64,
  matchup_factor FLOAT64,
  composite_factor FLOAT64,
  processed_at TIMESTAMP
) PARTITION BY game_date;

CREATE TABLE IF NOT EXISTS nba_predictions.player_prop_predictions (
  season_year INT64,
  game_date DATE,
  game_id STRING,
  player_id INT64,
  line_value FLOAT64,
  predicted_points FLOAT64,
  recommendation STRING,
  processed_at TIMESTAMP
) PARTITION BY game_date;

CREATE TABLE IF NOT EXISTS nba_exports.export_log (
  season_year INT64,
  game_date DATE,
  game_id STRING,
  path STRING,
  picks INT64,
  processed_at TIMESTAMP
) PARTITION BY game_date;
