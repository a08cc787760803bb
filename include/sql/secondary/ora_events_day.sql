-- The days of @event_dates, wholly: whoever builds replaces exactly these dates.
SELECT
  log_event.course_id,
  CASE WHEN log_event.module_id LIKE '%/openassessment/%' THEN log_event.module_id END AS module_id,
  log_event.time,
  log_event.username,
  COALESCE(
    REGEXP_EXTRACT(log_event.event_type, r'^openassessment(?:block)?\.(.+)$'),
    REGEXP_EXTRACT(log_event.event_type, r'/(handler/.+)$')
  ) AS action,
  COALESCE(
    JSON_VALUE(log_event.event, '$.submission_uuid'), JSON_VALUE(log_event.event, '$.submission_returned_uuid')
  ) AS submission_uuid,
  JSON_VALUE(log_event.event, '$.parts[0].option.points') AS part1_points,
  JSON_VALUE(log_event.event, '$.parts[0].feedback') AS part1_feedback,
  JSON_VALUE(log_event.event, '$.attempt_number') AS attempt_num,
  log_event.event_type,
  log_event.event,
  log_event.event_source,
  -- Later answers are several texts, one for each prompt.
  COALESCE(
    JSON_VALUE(log_event.event, '$.answer.text'), JSON_VALUE(log_event.event, '$.answer.parts[0].text')
  ) AS answer_text,
  log_event.source_file,
  log_event.source_line,
FROM
  logs.tracklog AS log_event
WHERE
  DATE(log_event.time) IN UNNEST(@event_dates)
  AND log_event.event_type LIKE '%openassessment%'
  -- The page was looked at, and nothing more.
  AND COALESCE(
    REGEXP_REPLACE(log_event.event, r'\s', '') NOT IN ('{"POST":{},"GET":{}}', '{"GET":{},"POST":{}}'), TRUE
  )
