-- Every game of the calendar. The calendar says how many games a date had and of what kind; who met whom is
-- made up, but the same on every machine: team numbers run through the thirty in steps that share no factor
-- with thirty, so that no team plays twice on one date.
WITH
dates AS (
  SELECT
    CAST(SUBSTR(SPLIT(line, ',')[OFFSET(0)], 1, 4) AS INT64) AS season_year,
    CAST(SPLIT(line, ',')[OFFSET(1)] AS DATE) AS game_date,
    CAST(SPLIT(line, ',')[OFFSET(2)] AS INT64) AS games,
    SPLIT(SPLIT(line, ',')[OFFSET(3)], ':')[OFFSET(0)] AS game_kind
  FROM UNNEST(SPLIT(@calendar, '\n')) AS line
),
games AS (
  SELECT
    season_year,
    game_date,
    game_kind,
    ROW_NUMBER() OVER (PARTITION BY season_year, game_kind ORDER BY game_date, game) AS number,
    DATE_DIFF(game_date, DATE '2021-01-01', DAY) AS day,
    [1, 7, 11, 13, 17, 19, 23, 29][OFFSET(MOD(DATE_DIFF(game_date, DATE '2021-01-01', DAY), 8))] AS step,
    game
  FROM dates, UNNEST(GENERATE_ARRAY(0, games - 1)) AS game
),
matchups AS (
  SELECT
    *,
    MOD(2 * game * step + 11 * day, 30) AS home,
    MOD((2 * game + 1) * step + 11 * day, 30) AS away
  FROM games
),
named AS (
  SELECT
    *,
    teams[OFFSET(home)] AS home_team,
    teams[OFFSET(away)] AS away_team
  FROM matchups, (SELECT SPLIT('ATL BKN BOS CHA CHI CLE DAL DEN DET GSW HOU IND LAC LAL MEM MIA MIL MIN NOP NYK OKC ORL PHI PHX POR SAC SAS TOR UTA WAS', ' ') AS teams)
)
SELECT
  season_year,
  game_date,
  CONCAT(
    CASE game_kind WHEN 'regular' THEN '002' WHEN 'all_star' THEN '003' WHEN 'playoffs' THEN '004' ELSE '005' END,
    SUBSTR(CAST(season_year AS STRING), 3, 2),
    LPAD(CAST(number AS STRING), 5, '0')
  ) AS game_id,
  CONCAT(FORMAT_DATE('%Y%m%d', game_date), '/', away_team, home_team) AS game_code,
  game_kind,
  home_team,
  away_team
FROM named
