SELECT
  enrolled.date,
  enrolled.nenroll_net AS net,
  enrolled.nenroll_net_cum AS net_cum,
FROM
  secondary.stats_enrollment_by_day AS enrolled
ORDER BY
  enrolled.date
