SELECT
  activity.date,
  SUM(activity.n_active) AS active,
  SUM(activity.nevents) AS events,
FROM
  report.stats_activity_by_day_allcourses AS activity
GROUP BY
  activity.date
ORDER BY
  activity.date
