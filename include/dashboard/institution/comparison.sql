SELECT
  numbers.course_id,
  numbers.registered_sum AS registered,
  numbers.viewed_sum AS viewed,
  numbers.certified_sum AS certified,
FROM
  report.broad_stats_by_course AS numbers
ORDER BY
  numbers.course_id
