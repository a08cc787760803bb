-- The days of @event_dates, wholly: whoever builds replaces exactly these dates.
SELECT
  log_event.time,
  log_event.username,
  log_event.course_id,
  log_event.module_id,
  log_event.event_type,
  log_event.event_source,
  log_event.source_file,
  log_event.source_line,
FROM
  logs.tracklog AS log_event
WHERE
  DATE(log_event.time) IN UNNEST(@event_dates)
  AND log_event.event_type IN ('show_answer', 'showanswer')
