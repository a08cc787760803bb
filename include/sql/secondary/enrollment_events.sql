SELECT
  log_event.course_id,
  log_event.time,
  -- The payload names who is enrolled, the context who acted: an instructor may enroll others.
  COALESCE(log_event.event_struct.user_id, log_event.user_id) AS user_id,
  log_event.event_struct.mode,
  log_event.event_type = 'edx.course.enrollment.activated' AS activated,
  log_event.event_type = 'edx.course.enrollment.deactivated' AS deactivated,
  log_event.event_type = 'edx.course.enrollment.mode_changed' AS mode_changed,
  log_event.event_type = 'edx.course.enrollment.upgrade.succeeded' AS upgraded,
  log_event.event_type,
  log_event.source_file,
  log_event.source_line,
FROM
  logs.tracklog AS log_event
WHERE
  DATE(log_event.time) IN UNNEST(@event_dates)
  AND log_event.event_type LIKE '%edx.course.enrollment%'
