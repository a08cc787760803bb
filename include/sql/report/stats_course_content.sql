SELECT
  content.course_id,
  content.nquant_per_week,
  content.total_assessments_per_week,
  content.nqual_per_week,
  content.nweeks,
  content.snapshot_date,
FROM
  secondary.stats_course_content AS content
