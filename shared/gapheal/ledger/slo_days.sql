-- Day by day (UTC) and transition by transition: gaps seen, healed, and open when the day was over; what looking cost.
WITH
  pass AS (
    SELECT transition, DATE(observed_at) AS day, COUNT(*) AS passes, SUM(queries) AS queries,
      SUM(bytes_billed) AS bytes_billed
    FROM `${ledger}.passes`
    WHERE recorded_at >= @recorded_since AND observed_at BETWEEN @since AND @until
    GROUP BY transition, day
  ),
  gap AS (
    SELECT transition, opened_at, closed_at, closed_as
    FROM `${ledger}.gap_history`
    WHERE opened_at <= @until AND (closed_at IS NULL OR closed_at >= @since)
  ),
  asked AS (
    SELECT transition, day
    FROM (SELECT transition FROM pass UNION DISTINCT SELECT transition FROM gap) AS known
    CROSS JOIN UNNEST(GENERATE_DATE_ARRAY(DATE(@since), DATE(@until))) AS day
  ),
  counted AS (
    SELECT asked.transition, asked.day,
      COUNTIF(DATE(gap.opened_at) = asked.day AND gap.opened_at >= @since) AS opened,
      COUNTIF(DATE(gap.closed_at) = asked.day AND gap.closed_at BETWEEN @since AND @until AND gap.closed_as = 'complete')
        AS healed,
      COUNTIF(
        DATE(gap.opened_at) <= asked.day
        AND (gap.closed_at IS NULL OR gap.closed_at > @until OR DATE(gap.closed_at) > asked.day)
      ) AS open_gaps
    FROM asked
    LEFT JOIN gap ON gap.transition = asked.transition
    GROUP BY asked.transition, asked.day
  )
SELECT counted.transition, counted.day, counted.opened, counted.healed, counted.open_gaps,
  COALESCE(pass.passes, 0) AS passes, COALESCE(pass.queries, 0) AS queries,
  COALESCE(pass.bytes_billed, 0) AS bytes_billed
FROM counted
LEFT JOIN pass ON pass.transition = counted.transition AND pass.day = counted.day
ORDER BY counted.day, counted.transition
