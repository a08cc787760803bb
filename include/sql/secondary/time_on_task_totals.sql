SELECT
  daily.course_id,
  daily.username,
  ROUND(SUM(daily.total_time_5), 6) AS total_time_5,
  ROUND(SUM(daily.total_time_30), 6) AS total_time_30,
  ROUND(SUM(daily.total_video_time_5), 6) AS total_video_time_5,
  ROUND(SUM(daily.total_problem_time_5), 6) AS total_problem_time_5,
  ROUND(SUM(daily.total_forum_time_5), 6) AS total_forum_time_5,
  ROUND(SUM(daily.total_text_time_5), 6) AS total_text_time_5,
  ROUND(SUM(daily.total_video_time_30), 6) AS total_video_time_30,
  ROUND(SUM(daily.total_problem_time_30), 6) AS total_problem_time_30,
  ROUND(SUM(daily.total_forum_time_30), 6) AS total_forum_time_30,
  ROUND(SUM(daily.total_text_time_30), 6) AS total_text_time_30,
  ROUND(SUM(daily.serial_video_time_30), 6) AS serial_video_time_30,
  ROUND(SUM(daily.serial_problem_time_30), 6) AS serial_problem_time_30,
  ROUND(SUM(daily.serial_forum_time_30), 6) AS serial_forum_time_30,
  ROUND(SUM(daily.serial_text_time_30), 6) AS serial_text_time_30,
FROM
  secondary.time_on_task AS daily
GROUP BY
  daily.course_id,
  daily.username
