SELECT
  hours.course_id,
  numbers.viewed_sum AS viewed,
  hours.median_total_hours_viewed AS median_total,
  hours.median_video_hours_viewed AS median_video,
  hours.median_problem_hours_viewed AS median_problem,
  hours.median_forum_hours_viewed AS median_forum,
FROM
  report.time_on_task_stats_by_course AS hours
INNER JOIN report.broad_stats_by_course AS numbers
  ON hours.course_id = numbers.course_id
ORDER BY
  hours.course_id
