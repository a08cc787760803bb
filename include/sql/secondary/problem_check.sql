-- The days of @event_dates, wholly: whoever builds replaces exactly these dates.
WITH checks AS (
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
    -- An object by input of the problem. What a learner typed has its quotes escaped, so it looks like no key.
    REGEXP_EXTRACT_ALL(
      CAST(JSON_QUERY(log_event.event, '$.submission') AS STRING), r'"response_type"\s*:\s*"([a-z]+)"'
    ) AS response_types,
    log_event.source_file,
    log_event.source_line,
  FROM
    logs.tracklog AS log_event
  WHERE
    DATE(log_event.time) IN UNNEST(@event_dates)
    AND log_event.event_source = 'server'
    AND log_event.event_type IN ('problem_check', 'save_problem_check')
)

SELECT
  checks.time,
  checks.username,
  checks.course_id,
  checks.module_id,
  checks.student_answers,
  checks.attempts,
  checks.success,
  checks.grade,
  CASE
    WHEN COALESCE(ARRAY_LENGTH(checks.response_types), 0) = 0 THEN NULL
    WHEN
      TRIM(REPLACE(ARRAY_TO_STRING(checks.response_types, ' '), checks.response_types[OFFSET(0)], '')) = ''
      THEN checks.response_types[OFFSET(0)]
    ELSE 'mixed'
  END AS itype,
  checks.source_file,
  checks.source_line,
FROM
  checks
