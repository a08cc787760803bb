WITH totals AS (
  SELECT
    day.username,
    day.ip,
    SUM(day.ipcount) AS ip_count,
    MAX(day.date) AS last_date,
  FROM
    secondary.pcday_ip_counts AS day
  GROUP BY
    day.username,
    day.ip
),

ranked AS (
  SELECT
    totals.*,
    COUNT(*) OVER (PARTITION BY totals.username) AS n_different_ip,
    ROW_NUMBER() OVER (
      PARTITION BY totals.username
      ORDER BY totals.ip_count DESC, totals.last_date DESC, totals.ip ASC
    ) AS place,
  FROM
    totals
)

SELECT
  @course_id AS course_id,
  ranked.username,
  ranked.ip AS modal_ip,
  ranked.ip_count,
  ranked.n_different_ip,
FROM
  ranked
WHERE
  ranked.place = 1
