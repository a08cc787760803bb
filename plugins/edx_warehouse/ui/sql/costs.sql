-- One row per day on which jobs ended: how many made a table, and what they read and cost.
SELECT
  DATE(job.ended) AS day,
  COUNT(*) AS jobs,
  SUM(job.bytes_processed) AS bytes_processed,
  SUM(job.bytes_billed) AS bytes_billed,
FROM
  ops.job_history AS job
WHERE
  job.ended >= @since
GROUP BY
  DATE(job.ended)
