-- One row per course: the newest log day and weekly export that were loaded in the last 100 days, and the newest build.
SELECT
  job.course_id,
  MAX(CASE WHEN job.reference = 'logs.tracklog' THEN SUBSTR(job.target, -8) END) AS newest_day,
  MAX(
    CASE WHEN job.reference LIKE 'transformed.%' THEN REGEXP_EXTRACT(job.uri, '/weekly/([0-9-]+)/') END
  ) AS newest_week,
  MAX(CASE WHEN job.reference = 'secondary.person_course' THEN job.ended END) AS built,
FROM
  ops.job_history AS job
WHERE
  job.ended >= @since
  AND job.course_id IS NOT NULL
GROUP BY
  job.course_id
