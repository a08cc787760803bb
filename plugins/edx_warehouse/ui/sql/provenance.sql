-- How the newest versions of a table were made, newest first.
SELECT
  job.reference,
  job.target,
  job.who,
  job.status,
  job.started,
  job.ended,
  job.job_id,
  job.code_version,
  job.dag_id,
  job.run_id,
  job.task_id,
  job.bytes_processed,
  job.bytes_billed,
  job.rows_out,
  job.uri,
  job.sql,
FROM
  ops.job_history AS job
WHERE
  job.target = @target
ORDER BY
  job.ended DESC
LIMIT 20
