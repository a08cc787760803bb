SELECT
  log_event.username,
  log_event.ip,
  DATE(log_event.time) AS date,
  log_event.course_id,
  COUNT(*) AS ipcount,
FROM
  logs.tracklog AS log_event
WHERE
  DATE(log_event.time) IN UNNEST(@event_dates)
  AND TRIM(log_event.username) != ''
  AND TRIM(log_event.ip) != ''
GROUP BY
  log_event.username,
  log_event.ip,
  date,
  log_event.course_id
