-- The days of @event_dates, wholly: whoever builds replaces exactly these dates.
SELECT
  log_event.time,
  log_event.username,
  log_event.course_id,
  log_event.module_id,
  -- BigQuery gives text, and NULL for a JSON null; the local cloud a JSON value, and the text null.
  NULLIF(CAST(JSON_QUERY(log_event.event, '$.answers') AS STRING), 'null') AS student_answers,
  log_event.event_struct.attempts,
  log_event.event_struct.success,
  log_event.event_struct.grade,
  log_event.source_file,
  log_event.source_line,
FROM
  logs.tracklog AS log_event
WHERE
  DATE(log_event.time) IN UNNEST(@event_dates)
  AND log_event.event_source = 'server'
  AND log_event.event_type IN ('problem_check', 'save_problem_check')
