-- The days of @event_dates, wholly: whoever builds replaces exactly these dates.
WITH events AS (
  SELECT
    log_event.course_id,
    log_event.user_id,
    log_event.time,
    log_event.event_source,
    log_event.module_id,
    log_event.event_struct,
    log_event.source_file,
    log_event.source_line,
    -- The browser's requests have an address for a type, whose last word is what was asked of the problem.
    COALESCE(
      REGEXP_EXTRACT(log_event.event_type, r'/(?:handler|modx)/(?:.*/)?(\w+)/?$'), log_event.event_type
    ) AS action,
  FROM
    logs.tracklog AS log_event
  WHERE
    DATE(log_event.time) IN UNNEST(@event_dates)
    AND log_event.user_id IS NOT NULL
)

SELECT
  events.course_id,
  events.user_id,
  events.time,
  events.event_source,
  REGEXP_EXTRACT(events.module_id, r'/problem/([^/]+)$') AS problem_url,
  events.action AS event_type,
  events.event_struct.attempts,
  events.event_struct.success,
  events.event_struct.grade,
  events.source_file,
  events.source_line,
FROM
  events
WHERE
  events.action IN ('showanswer', 'show_answer')
  OR REGEXP_CONTAINS(events.action, r'^(?:\w+_)?problem_\w+$')
