SELECT
  enrolled.date,
  enrolled.nregistered_ever_sum AS registered,
  enrolled.nregistered_ever_cum AS registered_cum,
  enrolled.nregistered_net_sum AS net,
  enrolled.nregistered_net_cum AS net_cum,
FROM
  report.stats_overall_enrollment AS enrolled
ORDER BY
  enrolled.date
