SELECT
  activity.date,
  activity.n_active AS active,
  activity.nevents AS events,
  activity.nvideo AS videos,
  activity.nproblem_check AS problems,
  activity.nforum AS forum,
  activity.nshow_answer AS answers_shown,
FROM
  secondary.stats_activity_by_day AS activity
ORDER BY
  activity.date
