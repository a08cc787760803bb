WITH days AS (
  SELECT
    DATE(change.time) AS date,
    SUM(change.diff_enrollment_honor) AS nenroll_honor,
    SUM(change.diff_enrollment_audit) AS nenroll_audit,
    SUM(change.diff_enrollment_verified) AS nenroll_verified,
    SUM(change.diff_enrollment) AS nenroll_net,
  FROM
    secondary.enrollday_all AS change
  GROUP BY
    date
)

SELECT
  @course_id AS course_id,
  days.date,
  days.nenroll_honor + days.nenroll_audit + days.nenroll_verified AS nenroll,
  days.nenroll_honor,
  days.nenroll_audit,
  days.nenroll_verified,
  SUM(days.nenroll_honor + days.nenroll_audit + days.nenroll_verified) OVER (ORDER BY days.date) AS nenroll_cum,
  days.nenroll_net,
  SUM(days.nenroll_net) OVER (ORDER BY days.date) AS nenroll_net_cum,
FROM
  days
