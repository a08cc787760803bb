-- One row per split and course: its events.
SELECT
  file.day,
  file.split_id,
  course.course_id,
  SUM(course.rows_out) AS events,
FROM
  ops.split_history AS file,
  UNNEST(file.courses) AS course
WHERE
  file.institution = @institution
  AND file.day >= @since
GROUP BY
  file.day,
  file.split_id,
  course.course_id
