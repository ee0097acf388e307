-- The tables of the example, in the order of the phases. Datasets are created by seed.py, in the pipeline's location.

CREATE TABLE IF NOT EXISTS nba_reference.schedule (
  season_year INT64,      -- 2021 is the season 2021-22
  game_date DATE,
  game_id STRING,         -- 0022100001: kind, season, number
  game_code STRING,       -- 20211019/BKNMIL
  game_kind STRING,       -- regular, play_in, playoffs, all_star
  home_team STRING,
  away_team STRING
) PARTITION BY game_date;

CREATE TABLE IF NOT EXISTS nba_reference.seasons (
  season_year INT64,
  opens DATE
);

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
  three_pointers_made INT64,
  rebounds INT64,
  assists INT64,
  true_shooting FLOAT64,
  usage_rate FLOAT64,
  processed_at TIMESTAMP
) PARTITION BY game_date;

CREATE TABLE IF NOT EXISTS nba_analytics.team_offense_game_summary (
  season_year INT64,
  game_date DATE,
  game_id STRING,
  team STRING,
  opponent STRING,
  points INT64,
  assists INT64,
  possessions FLOAT64,
  processed_at TIMESTAMP
) PARTITION BY game_date;

CREATE TABLE IF NOT EXISTS nba_analytics.team_defense_game_summary (
  season_year INT64,
  game_date DATE,
  game_id STRING,
  team STRING,
  opponent STRING,
  points_allowed INT64,
  threes_allowed INT64,
  turnovers_forced INT64,
  processed_at TIMESTAMP
) PARTITION BY game_date;

CREATE TABLE IF NOT EXISTS nba_analytics.upcoming_player_game_context (
  season_year INT64,
  game_date DATE,
  game_id STRING,
  player_id INT64,
  team STRING,
  opponent STRING,
  at_home BOOL,
  processed_at TIMESTAMP
) PARTITION BY game_date;

CREATE TABLE IF NOT EXISTS nba_analytics.upcoming_team_game_context (
  season_year INT64,
  game_date DATE,
  game_id STRING,
  team STRING,
  opponent STRING,
  at_home BOOL,
  decisive BOOL,
  processed_at TIMESTAMP
) PARTITION BY game_date;

CREATE TABLE IF NOT EXISTS nba_precompute.player_composite_factors (
  season_year INT64,
  game_date DATE,
  game_id STRING,
  player_id INT64,
  team STRING,
  fatigue_factor FLOAT64,
  usage_factor FLOAT64,
  matchup_factor FLOAT64,
  composite_factor FLOAT64,
  processed_at TIMESTAMP
) PARTITION BY game_date;

CREATE TABLE IF NOT EXISTS nba_precompute.player_daily_cache (
  season_year INT64,
  cache_date DATE,
  game_id STRING,
  player_id INT64,
  team STRING,
  points_per_36 FLOAT64,
  rebounds_per_36 FLOAT64,
  decisive BOOL,
  processed_at TIMESTAMP
) PARTITION BY cache_date;

CREATE TABLE IF NOT EXISTS nba_precompute.team_defense_zone_analysis (
  season_year INT64,
  analysis_date DATE,
  game_id STRING,
  team STRING,
  perimeter_points_allowed INT64,
  inside_points_allowed INT64,
  processed_at TIMESTAMP
) PARTITION BY analysis_date;

CREATE TABLE IF NOT EXISTS nba_precompute.player_shot_zone_analysis (
  season_year INT64,
  analysis_date DATE,
  game_id STRING,
  player_id INT64,
  team STRING,
  perimeter_share FLOAT64,
  true_shooting FLOAT64,
  processed_at TIMESTAMP
) PARTITION BY analysis_date;

CREATE TABLE IF NOT EXISTS nba_predictions.ml_feature_store (
  season_year INT64,
  game_date DATE,
  game_id STRING,
  player_id INT64,
  points INT64,
  minutes INT64,
  at_home BOOL,
  pace FLOAT64,
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
  export_type STRING,
  path STRING,
  picks INT64,
  processed_at TIMESTAMP
) PARTITION BY game_date;

CREATE TABLE IF NOT EXISTS nba_predictions.prediction_accuracy (
  season_year INT64,
  game_date DATE,
  game_id STRING,
  player_id INT64,
  actual_points INT64,
  error FLOAT64,
  correct BOOL,
  processed_at TIMESTAMP
) PARTITION BY game_date;
