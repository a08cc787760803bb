WITH days AS (
  SELECT
    enrollment.date,
    SUM(enrollment.nregistered_ever) AS nregistered_ever_sum,
    SUM(enrollment.nregistered_net) AS nregistered_net_sum,
    SUM(enrollment.nverified_ever) AS nverified_ever_sum,
    SUM(enrollment.nverified_net) AS nverified_net_sum,
  FROM
    report.enrollday_sql AS enrollment
  GROUP BY
    enrollment.date
)

SELECT
  days.date,
  days.nregistered_ever_sum,
  SUM(days.nregistered_ever_sum) OVER running AS nregistered_ever_cum,
  days.nregistered_net_sum,
  SUM(days.nregistered_net_sum) OVER running AS nregistered_net_cum,
  days.nverified_ever_sum,
  SUM(days.nverified_ever_sum) OVER running AS nverified_ever_cum,
  days.nverified_net_sum,
  SUM(days.nverified_net_sum) OVER running AS nverified_net_cum,
FROM
  days
WINDOW running AS (ORDER BY days.date)
